/**
 * Epoch access keys of a group without members: whoever has seen the commit that began an epoch has its key.
 *
 * As in a real group the key depends on the commit that was accepted. A service that keeps the key of one commit and the log
 * of another locks everybody out, and that shows.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { delivery } from '@canopy/contract';
import type { KeyPair } from '@canopy/crypto';
import { deriveAccessKeyPair, hashBody, signEpochAccessProof } from '@canopy/identity';

/** What a proof can be for, in the words of the service. */
export type ProofMethod =
  | 'SubmitCommit'
  | 'SendMessage'
  | 'ReadGroup'
  | 'GetGroupInfo'
  | 'CreateTicket'
  | 'RestoreEntries'
  | 'Subscribe';

/** Derives the key of epoch 0. */
export function firstKey(groupId: Uint8Array): KeyPair {
  return keyAfter(groupId, new Uint8Array());
}

/** Derives the key of the epoch that a commit begins. */
export function keyAfter(groupId: Uint8Array, commit: Uint8Array): KeyPair {
  const seed = createHash('sha256').update('attack').update(groupId).update(commit).digest();
  return deriveAccessKeyPair(new Uint8Array(seed));
}

/** What a proof speaks for. */
export interface ProofOf {
  readonly method: string;
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly body: Uint8Array;
  readonly timeUnixMs?: number;
}

/** Makes a proof with the key of an epoch. */
export function prove(
  { privateKey }: KeyPair,
  { method, groupId, epoch, body, timeUnixMs }: ProofOf,
): delivery.EpochProof {
  const time = BigInt(timeUnixMs ?? Date.now());
  const proof = { method, groupId, epoch, timeUnixMs: time, bodyHash: hashBody(body) };
  return { epoch, timeUnixMs: time, signature: signEpochAccessProof(privateKey, proof) };
}
