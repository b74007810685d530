/**
 * What an added client gets: the secrets of the new epoch (RFC 9420 §12.4.3.1).
 *
 * @module
 */

import { opaque, optional, struct, uint16, vector, type TypeOf } from '@canopy/codec';
import { equal, HPKECiphertext } from '@canopy/crypto';
import { PreSharedKeyID } from '../schedule/psk.ts';

/** A path secret for one joiner (RFC 9420 §12.4.3.1). */
export const PathSecret = struct({ pathSecret: opaque });

/** What is encrypted to each joiner (RFC 9420 §12.4.3.1). */
export const GroupSecrets = struct({
  joinerSecret: opaque,
  pathSecret: optional(PathSecret),
  psks: vector(PreSharedKeyID),
});
/** What is encrypted to each joiner (RFC 9420 §12.4.3.1). */
export type GroupSecrets = TypeOf<typeof GroupSecrets>;

/** One joiner's entry (RFC 9420 §12.4.3.1). */
export const EncryptedGroupSecrets = struct({ newMember: opaque, encryptedGroupSecrets: HPKECiphertext });
/** One joiner's entry (RFC 9420 §12.4.3.1). */
export type EncryptedGroupSecrets = TypeOf<typeof EncryptedGroupSecrets>;

/** The way into a group for the clients that a commit added (RFC 9420 §12.4.3.1). */
export const Welcome = struct({
  cipherSuite: uint16,
  secrets: vector(EncryptedGroupSecrets),
  encryptedGroupInfo: opaque,
});
/** The way into a group for the clients that a commit added (RFC 9420 §12.4.3.1). */
export type Welcome = TypeOf<typeof Welcome>;

/** Cuts a Welcome down to the entry of one KeyPackage; undefined when it has none. */
export function sliceWelcome(welcome: Welcome, keyPackageRef: Uint8Array): Welcome | undefined {
  const entry = welcome.secrets.find(({ newMember }) => equal(newMember, keyPackageRef));
  return entry && { ...welcome, secrets: [entry] };
}
