/**
 * A member's state as records: small parts under keys of their own, so that storing a message or a commit writes what
 * it changed and nothing else.
 *
 * ```
 * meta                      what every epoch replaces, and the version of all records
 * node/<index>              a node of the ratchet tree that is not blank
 * key/<index>               the private key of a node
 * proposal/<position>       a proposal that a commit can refer to
 * update/<position>         the keys of an own Update that nobody has committed
 * past/<epoch>              an epoch whose late messages can be read: what its tree had in the place of newer nodes
 * resumption/<epoch>        the resumption PSK of a past epoch
 * secrets/<epoch>/<name>    a part of an epoch's secret tree, see secret-records.ts
 * ```
 *
 * Whoever stores records writes all changes of one operation at once or not at all, and sees to it that what is
 * replaced or deleted is gone (RFC 9420 §9.2). Most of them hold secrets.
 *
 * @module
 */

/** A part of a state as it is stored. */
export interface StateRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

/** A record that is to be written, or to be deleted where there is no value. */
export interface RecordChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** The version that records have now. Version 1 was two values without records: see version-1.ts. */
export const STATE_VERSION = 2;

/** The key of the record that tells the version. */
export const META = 'meta';

/** Gives the key of a part of an epoch's secret tree. */
export function secretKey(epoch: bigint, name: string): string {
  return `secrets/${epoch}/${name}`;
}
