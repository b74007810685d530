/**
 * Names of the registry's keys. All of one domain's registry is in one slot: its steps touch several of them.
 *
 * @module
 */
import { createHash } from 'node:crypto';

/** Keys of the registry of one domain. */
export interface RegistryKeys {
  /** A list of entries, each behind its hash. */
  readonly audit: string;
  /** Subjects by user. */
  readonly nameOwners: string;
  /** `<kind> <name>` by the time until which it has to be named. */
  readonly revokedNames: string;
  readonly revocationVersion: string;
  readonly revocationList: string;
  /** Names of signing keys, the newest last. */
  readonly signingKeyOrder: string;
  /** What may be published of them, by name. */
  readonly signingKeys: string;
  /** Their private keys, by name. */
  readonly signingKeySecrets: string;
  readonly trustAnchors: string;
  evidence(evidenceHash: Uint8Array): string;
  challenge(challenge: Uint8Array): string;
  device(device: string): string;
  /** The device that has or had a signature key. */
  deviceByKey(signaturePublicKey: Uint8Array): string;
  /** Devices of a user in the order of their enrolment. */
  devicesOf(user: string): string;
}

/** Names the keys of a domain's registry. */
export function registryKeys(domain: string): RegistryKeys {
  const base = `canopy:registry:{as:${encodeURIComponent(domain)}}`;
  return {
    audit: `${base}:audit`,
    nameOwners: `${base}:name-owners`,
    revokedNames: `${base}:revoked-names`,
    revocationVersion: `${base}:revocation-version`,
    revocationList: `${base}:revocation-list`,
    signingKeyOrder: `${base}:signing-key-order`,
    signingKeys: `${base}:signing-keys`,
    signingKeySecrets: `${base}:signing-key-secrets`,
    trustAnchors: `${base}:trust-anchors`,
    evidence: (evidenceHash) => `${base}:evidence:${hex(evidenceHash)}`,
    challenge: (challenge) => `${base}:challenge:${hex(challenge)}`,
    device: (device) => `${base}:device:${device}`,
    deviceByKey: (signaturePublicKey) => `${base}:device-by-key:${sha256(signaturePublicKey)}`,
    devicesOf: (user) => `${base}:devices-of:${user}`,
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}
