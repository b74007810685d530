/**
 * Pre-shared keys and what they add to an epoch (RFC 9420 §8.4).
 *
 * @module
 */

import {
  encode,
  enumeration,
  opaque,
  select,
  struct,
  uint16,
  uint64,
  uint8,
  type TypeOf,
} from '@canopy/codec';
import { expandWithLabel, wipe, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';

/** §8.4: where a pre-shared key comes from. */
export const PSKType = { external: 1, resumption: 2 } as const;
/** §8.4: what a resumption PSK is used for. */
export const ResumptionPSKUsage = { application: 1, reinit: 2, branch: 3 } as const;

const source = {
  [PSKType.external]: { pskId: opaque },
  [PSKType.resumption]: {
    usage: enumeration(uint8, ResumptionPSKUsage),
    pskGroupId: opaque,
    pskEpoch: uint64,
  },
};

/** Names a pre-shared key and makes this use of it unique (RFC 9420 §8.4). */
export const PreSharedKeyID = select('pskType', uint8, {
  [PSKType.external]: struct({ ...source[PSKType.external], pskNonce: opaque }),
  [PSKType.resumption]: struct({ ...source[PSKType.resumption], pskNonce: opaque }),
});
/** Names a pre-shared key and makes this use of it unique (RFC 9420 §8.4). */
export type PreSharedKeyID = TypeOf<typeof PreSharedKeyID>;

/** Names the PSK that ties a group to the one it comes from (RFC 9420 §11.2, §11.3). */
export type SubgroupPsk = Extract<PreSharedKeyID, { readonly pskType: typeof PSKType.resumption }>;

/** Requires a nonce of the size that the group's suite has (R8.4-02). @throws MlsError INVALID_PSK */
export function requireNonceSize({ pskNonce }: PreSharedKeyID, suite: Pick<CipherSuite, 'kdf'>): void {
  if (pskNonce.length !== suite.kdf.size) {
    refuse('INVALID_PSK', 'R8.4-02', `a nonce of ${suite.kdf.size} bytes expected, found ${pskNonce.length}`);
  }
}

const PSKLabel = struct({ id: PreSharedKeyID, index: uint16, count: uint16 });

/** The port to keys that were agreed elsewhere. */
export interface PskStore {
  /** Gives the external PSK of an id; undefined when the client does not have it. */
  findExternalPsk(pskId: Uint8Array): Uint8Array | undefined;
  /** Gives the resumption PSK of an epoch of another group; undefined when it is not kept. */
  findResumptionPsk(groupId: Uint8Array, epoch: bigint): Uint8Array | undefined;
}

/** A store without any key. */
export const noPsks: PskStore = {
  findExternalPsk: () => undefined,
  findResumptionPsk: () => undefined,
};

/** A named key with its value. */
export interface PreSharedKey {
  readonly id: PreSharedKeyID;
  readonly psk: Uint8Array;
}

/** Looks up the keys of a list of ids, in its order. @throws MlsError PSK_NOT_AVAILABLE (R12.4.2-05, R12.4.3.1-05) */
export function findPsks(
  ids: readonly PreSharedKeyID[],
  store: PskStore,
  requirement = 'R12.4.2-05',
): readonly PreSharedKey[] {
  return ids.map((id) => {
    const psk =
      id.pskType === PSKType.external
        ? store.findExternalPsk(id.pskId)
        : store.findResumptionPsk(id.pskGroupId, id.pskEpoch);
    if (psk === undefined) refuse('PSK_NOT_AVAILABLE', requirement, 'a pre-shared key is not available');
    return { id, psk };
  });
}

/**
 * Chains pre-shared keys into one secret; without any it is all zero (RFC 9420 §8.4).
 * The formula governs, not the figure: the input is the salt (text note T-02).
 */
export function derivePskSecret(suite: CipherSuite, psks: readonly PreSharedKey[]): Uint8Array {
  const zero = new Uint8Array(suite.kdf.size);
  if (psks.length > 0xffff) refuse('INVALID_PSK', 'R8.4-07', 'at most 65535 pre-shared keys can be combined');
  let secret: Uint8Array = zero;
  for (const [index, { id, psk }] of psks.entries()) {
    const extracted = suite.kdf.extract(zero, psk);
    const context = encode(PSKLabel, { id, index, count: psks.length });
    const input = expandWithLabel(suite, extracted, {
      label: 'derived psk',
      context,
      length: suite.kdf.size,
    });
    const next = suite.kdf.extract(input, secret);
    wipe(extracted, input, secret);
    secret = next;
  }
  return secret;
}
