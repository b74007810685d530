/**
 * Shows the Delivery Service that this device is a member of an epoch, without telling which (RFC 9420 §8.5).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { deriveAccessKeyPair, epochAccessExport, hashBody, signEpochAccessProof } from '@canopy/identity';
import { wipe, type KeyPair } from '@canopy/crypto';
import type { Group } from '@canopy/mls';

/** The methods that need a proof. */
export type ProofMethod =
  | 'SubmitCommit'
  | 'SendMessage'
  | 'ReadGroup'
  | 'GetGroupInfo'
  | 'Subscribe'
  | 'CreateTicket'
  | 'RestoreEntries';

/** Derives the access key pair of a group's current epoch. */
export function accessKeyPairOf(group: Group): KeyPair {
  return deriveAccessKeyPair(group.exportSecret(epochAccessExport(group.groupId)));
}

/** Derives the public access key of a group's current epoch. */
export function accessKeyOf(group: Group): Uint8Array {
  const { publicKey, privateKey } = accessKeyPairOf(group);
  wipe(privateKey);
  return publicKey;
}

/** Proves membership of the group's current epoch for exactly these bytes. */
export function proveMembership(
  group: Group,
  method: ProofMethod,
  body: Uint8Array,
  nowMs: number,
): delivery.EpochProof {
  const { groupId, epoch } = group;
  const timeUnixMs = BigInt(nowMs);
  const { privateKey } = accessKeyPairOf(group);
  const proof = { method, groupId, epoch, timeUnixMs, bodyHash: hashBody(body) };
  const signature = signEpochAccessProof(privateKey, proof);
  wipe(privateKey);
  return { epoch, timeUnixMs, signature };
}
