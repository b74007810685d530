/**
 * The parts of a secret tree as they are stored, each under a name of its own, so that a message changes one of them.
 *
 * ```
 * node/<index>                          the secret of a node that nothing was derived from yet
 * ratchet/<leaf>/<kind>                 where a sender's ratchet stands
 * skipped/<leaf>/<kind>/<generation>    the key of a message that has not come yet
 * ```
 *
 * @module
 */

import { encode, opaque, struct, uint32 } from '@canopy/codec';
import type { LeafIndex, NodeIndex } from '../tree/math.ts';
import type { HashRatchet, RatchetPart } from './hash-ratchet.ts';
import { ratchetKinds, type RatchetKind, type Ratchets } from './ratchets.ts';

/** A secret of a node, or a part of a ratchet. */
export type SecretPlace =
  | { readonly node: NodeIndex }
  | { readonly leaf: LeafIndex; readonly kind: RatchetKind; readonly part: RatchetPart };

/** A part as it is stored. */
export interface SecretRecord {
  readonly name: string;
  readonly value: Uint8Array;
}

/** A part that is to be written, or to be deleted where there is no value. */
export interface SecretChange {
  readonly name: string;
  readonly value: Uint8Array | undefined;
}

/** How the record of a ratchet's chain looks. */
export const StoredChain = struct({ secret: opaque, generation: uint32 });
/** How the record of a skipped key looks. */
export const StoredMessageKey = struct({ key: opaque, nonce: opaque });

/** Gives the name of a part. */
export function nameOf(place: SecretPlace): string {
  if ('node' in place) return `node/${place.node}`;
  const { leaf, kind, part } = place;
  return part === 'chain' ? `ratchet/${leaf}/${kind}` : `skipped/${leaf}/${kind}/${part}`;
}

/** Gives all parts of a sender's ratchets. */
export function placesOf(leaf: LeafIndex, ratchets: Ratchets): readonly SecretPlace[] {
  return ratchetKinds.flatMap((kind) => ratchets[kind].parts.map((part) => ({ leaf, kind, part })));
}

/** Gives the record of a ratchet's part; undefined when there is no such part any more. */
export function ratchetRecord(ratchet: HashRatchet, part: RatchetPart): Uint8Array | undefined {
  if (part === 'chain') return encode(StoredChain, ratchet.chain);
  const messageKey = ratchet.skipped(part);
  return messageKey && encode(StoredMessageKey, messageKey);
}

const NUMBER = /^(?:0|[1-9]\d{0,19})$/;

/** Reads a number in the name of a record. */
export function numberFrom(word: string | undefined): bigint | undefined {
  return word !== undefined && NUMBER.test(word) ? BigInt(word) : undefined;
}
