/**
 * LabeledExtract and LabeledExpand (RFC 9180 §4).
 *
 * @module
 */

import { Writer } from '@canopy/codec';

import { concat, utf8 } from '../bytes.ts';
import type { Kdf } from '../kdf.ts';

/** A key derivation function whose inputs are bound to a suite and a label. */
export interface LabeledKdf {
  readonly size: number;
  labeledExtract(salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array;
  labeledExpand(prk: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array;
}

/** Gives a two-byte number in network byte order (I2OSP). */
export function toUint16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

/** Binds a key derivation function to a suite. */
export function createLabeledKdf(kdf: Kdf, suiteId: Uint8Array): LabeledKdf {
  const prefix = concat(utf8('HPKE-v1'), suiteId);
  const prefixes = new Map<string, Uint8Array>();
  // The labels are the dozen of RFC 9180, so this does not grow.
  const prefixOf = (label: string): Uint8Array => {
    const known = prefixes.get(label);
    if (known !== undefined) return known;
    const made = concat(prefix, utf8(label));
    prefixes.set(label, made);
    return made;
  };
  return {
    size: kdf.size,
    labeledExtract: (salt, label, ikm) =>
      Writer.lend((writer) => {
        writer.bytes(prefixOf(label));
        writer.bytes(ikm);
        return kdf.extract(salt, writer.written);
      }),
    labeledExpand: (prk, label, info, length) =>
      Writer.lend((writer) => {
        writer.uint(length, 2);
        writer.bytes(prefixOf(label));
        writer.bytes(info);
        return kdf.expand(prk, writer.written, length);
      }),
  };
}
