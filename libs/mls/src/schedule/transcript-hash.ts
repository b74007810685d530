/**
 * The running hashes over all commits of a group (RFC 9420 §8.2).
 *
 * @module
 */

import { Writer } from '@canopy/codec';
import type { CipherSuite } from '@canopy/crypto';

/** Computes the interim hash that the next commit builds on: Hash(confirmed || confirmation_tag<V>) (RFC 9420 §8.2). */
export function computeInterimTranscriptHash(
  suite: CipherSuite,
  confirmedTranscriptHash: Uint8Array,
  confirmationTag: Uint8Array,
): Uint8Array {
  return Writer.lend((writer) => {
    writer.bytes(confirmedTranscriptHash);
    writer.opaque(confirmationTag);
    return suite.hash.digest(writer.written);
  });
}

/** The parts of a commit that are confirmed: ConfirmedTranscriptHashInput (RFC 9420 §8.2). */
export interface ConfirmedInput {
  readonly wireFormat: number;
  /** The encoded FramedContent. */
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

/** Computes the confirmed hash: Hash(interim || wire_format || content || signature<V>) (RFC 9420 §8.2). */
export function computeConfirmedTranscriptHash(
  suite: CipherSuite,
  interim: Uint8Array,
  input: ConfirmedInput,
): Uint8Array {
  return Writer.lend((writer) => {
    writer.bytes(interim);
    writer.uint(input.wireFormat, 2);
    writer.bytes(input.content);
    writer.opaque(input.signature);
    return suite.hash.digest(writer.written);
  });
}
