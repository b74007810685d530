/**
 * Epoch access keys: the key pair that every member of an epoch derives, and nobody else (RFC 9420 §8.5).
 *
 * @module
 */
import { getCipherSuite, type KeyPair } from '@canopy/crypto';

const SEED_LENGTH = 32;
const { signature } = getCipherSuite(1);

/** What to ask the exporter of an epoch for, to get the seed of its access key (RFC 9420 §8.5). */
export function epochAccessExport(groupId: Uint8Array): {
  readonly label: string;
  readonly context: Uint8Array;
  readonly length: number;
} {
  return { label: 'canopy delivery access', context: groupId, length: SEED_LENGTH };
}

/** Derives the Ed25519 access key pair of an epoch from its seed; the private key is the seed. @throws CryptoError INVALID_PRIVATE_KEY */
export function deriveAccessKeyPair(seed: Uint8Array): KeyPair {
  return { publicKey: signature.publicKeyOf(seed), privateKey: seed };
}

/** The length of an access public key, in bytes. */
export const ACCESS_KEY_LENGTH: number = signature.publicKeySize;
