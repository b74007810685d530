/**
 * What the versions of ts-mls have in common: functions from one state to the next. Their ways to call them differ.
 *
 * @module
 */

import { ECDH } from 'node:crypto';

import type { Changes, PeerCommit, TreeBeside } from './peer.ts';

declare const looksInto: unique symbol;
/** A value that only ts-mls looks into. */
export interface Opaque<Name extends string> {
  readonly [looksInto]: Name;
}

/** A signature key pair of ts-mls. */
export interface SignatureKeys {
  readonly signKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The part of ts-mls's cipher suites that makes signature keys. */
export interface TsMlsSuite {
  readonly signature: { keygen(): Promise<SignatureKeys> };
}

/** The part of a state that both versions have. */
export interface TsMlsState {
  readonly keySchedule: { readonly epochAuthenticator: Uint8Array };
}

/** A KeyPackage, with its private keys and as it travels. */
export interface OwnPackage<Public, Private> {
  readonly publicPackage: Public;
  readonly privatePackage: Private;
  readonly encoded: Uint8Array;
}

/** A state, and what was sent or received on the way to it. */
export type Step<State, What> = What & { readonly state: State };

/** One version of ts-mls with one cipher suite. */
export interface Dialect<State extends TsMlsState, Public, Private> {
  readonly suite: TsMlsSuite;
  createKeyPackage(identity: Uint8Array, keys: SignatureKeys): Promise<OwnPackage<Public, Private>>;
  createGroup(groupId: Uint8Array, own: OwnPackage<Public, Private>): Promise<State>;
  join(welcome: Uint8Array, tree: TreeBeside, own: OwnPackage<Public, Private>): Promise<State>;
  joinExternally(
    groupInfo: Uint8Array,
    own: OwnPackage<Public, Private>,
  ): Promise<Step<State, { readonly commit: Uint8Array }>>;
  commit(state: State, changes: Changes): Promise<Step<State, PeerCommit>>;
  process(state: State, message: Uint8Array): Promise<Step<State, { readonly data: Uint8Array | undefined }>>;
  proposeAdd(state: State, keyPackage: Uint8Array): Promise<Step<State, { readonly message: Uint8Array }>>;
  protect(state: State, data: Uint8Array): Promise<Step<State, { readonly message: Uint8Array }>>;
  ratchetTree(state: State): Uint8Array;
  groupInfo(state: State): Promise<Uint8Array>;
  encodeState(state: State): Uint8Array;
  decodeState(encoded: Uint8Array): State;
}

/** The one setting that is not ts-mls's own: no padding. */
export const noPadding = { kind: 'alwaysPad', paddingLength: 0 } as const;

/** Gives a value that has to be there. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`ts-mls gave no ${what}`);
  return value;
}

const namesOfCurves: ReadonlyMap<number, string> = new Map([
  [33, 'prime256v1'],
  [49, 'secp384r1'],
  [67, 'secp521r1'],
]);

/** Makes signature keys; ts-mls compresses ECDSA keys, while RFC 9420 §5.1.1 has them uncompressed. */
export async function createSignatureKeys({ signature }: TsMlsSuite): Promise<SignatureKeys> {
  const { signKey, publicKey } = await signature.keygen();
  const curve = namesOfCurves.get(publicKey.length);
  if (curve === undefined) return { signKey, publicKey };
  const point = ECDH.convertKey(publicKey, curve, undefined, undefined, 'uncompressed');
  if (typeof point === 'string') throw new TypeError('bytes expected');
  return { signKey, publicKey: Uint8Array.from(point) };
}
