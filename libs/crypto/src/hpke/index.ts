/**
 * Hybrid public key encryption, base mode, one message per context (RFC 9180 §6.1; RFC 9420 §5.1.1).
 *
 * @module
 */

import { opaque, struct, type TypeOf } from '@canopy/codec';

import type { Aead } from '../aead.ts';
import type { Kdf } from '../kdf.ts';
import { validatePublicKey, type KeyPair } from '../keys.ts';
import type { Kem } from './kem.ts';
import { createKeySchedule, type HPKEExportRequest } from './key-schedule.ts';

/** A ciphertext and what its receiver needs to find the key (RFC 9420 §7.6). */
export const HPKECiphertext = struct({ kemOutput: opaque, ciphertext: opaque });
export type HPKECiphertext = TypeOf<typeof HPKECiphertext>;

/** What a sender exports from a context, and what lets the receiver export the same. */
export interface SenderExport {
  readonly kemOutput: Uint8Array;
  readonly exported: Uint8Array;
}

/** Public key encryption. */
export interface HPKE {
  readonly publicKeySize: number;
  readonly privateKeySize: number;
  readonly kemOutputSize: number;
  generateKeyPair(): KeyPair;
  /** Makes the key pair that belongs to a secret (RFC 9180 §7.1.3). */
  deriveKeyPair(ikm: Uint8Array): KeyPair;
  /** @throws CryptoError INVALID_PRIVATE_KEY */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** @throws CryptoError INVALID_PUBLIC_KEY */
  validatePublicKey(publicKey: Uint8Array): void;
  /** @throws CryptoError INVALID_PUBLIC_KEY */
  seal(publicKey: Uint8Array, info: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): HPKECiphertext;
  /** @throws CryptoError DECRYPTION_FAILED, INVALID_PRIVATE_KEY */
  open(privateKey: Uint8Array, ciphertext: HPKECiphertext, info: Uint8Array, aad: Uint8Array): Uint8Array;
  /** Binds messages to an info, which is hashed once however many there are. */
  bind(info: Uint8Array): BoundHPKE;
  /** @throws CryptoError INVALID_PUBLIC_KEY, INVALID_LENGTH */
  setupSenderExport(publicKey: Uint8Array, request: HPKEExportRequest): SenderExport;
  /** @throws CryptoError DECRYPTION_FAILED, INVALID_PRIVATE_KEY, INVALID_LENGTH */
  setupReceiverExport(privateKey: Uint8Array, kemOutput: Uint8Array, request: HPKEExportRequest): Uint8Array;
}

/** Public key encryption of messages that are bound to one info. */
export interface BoundHPKE {
  /** @throws CryptoError INVALID_PUBLIC_KEY */
  seal(publicKey: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): HPKECiphertext;
  /** @throws CryptoError DECRYPTION_FAILED, INVALID_PRIVATE_KEY */
  open(privateKey: Uint8Array, ciphertext: HPKECiphertext, aad: Uint8Array): Uint8Array;
}

/** What HPKE is made of. */
export interface HPKEParameters {
  readonly kem: Kem;
  readonly kdf: Kdf;
  readonly kdfId: number;
  readonly aead: Aead;
  readonly aeadId: number;
}

/** Makes HPKE out of its three parts. */
export function createHPKE({ kem, kdf, kdfId, aead, aeadId }: HPKEParameters): HPKE {
  const schedule = createKeySchedule({ kem: kem.id, kdf: kdfId, aead: aeadId }, kdf, aead);
  const bind = (info: Uint8Array): BoundHPKE => {
    const context = schedule.contextOf(info);
    return {
      seal(publicKey, aad, plaintext) {
        const { kemOutput, sharedSecret } = kem.encapsulate(publicKey);
        const { key, nonce } = schedule.messageKey(sharedSecret, context);
        const ciphertext = aead.seal(key, nonce, aad, plaintext);
        key.fill(0);
        nonce.fill(0);
        return { kemOutput, ciphertext };
      },
      open(privateKey, { kemOutput, ciphertext }, aad) {
        const { key, nonce } = schedule.messageKey(kem.decapsulate(privateKey, kemOutput), context);
        try {
          return aead.open(key, nonce, aad, ciphertext);
        } finally {
          key.fill(0);
          nonce.fill(0);
        }
      },
    };
  };
  return {
    publicKeySize: kem.keys.publicKeySize,
    privateKeySize: kem.keys.privateKeySize,
    kemOutputSize: kem.keys.publicKeySize,
    generateKeyPair: () => kem.generateKeyPair(),
    deriveKeyPair: (ikm) => kem.deriveKeyPair(ikm),
    publicKeyOf: (privateKey) => kem.publicKeyOf(privateKey),
    validatePublicKey: (publicKey) => validatePublicKey(kem.keys, publicKey),
    seal: (publicKey, info, aad, plaintext) => bind(info).seal(publicKey, aad, plaintext),
    open: (privateKey, ciphertext, info, aad) => bind(info).open(privateKey, ciphertext, aad),
    bind,
    setupSenderExport(publicKey, request) {
      const { kemOutput, sharedSecret } = kem.encapsulate(publicKey);
      return { kemOutput, exported: schedule.exported(sharedSecret, request) };
    },
    setupReceiverExport: (privateKey, kemOutput, request) =>
      schedule.exported(kem.decapsulate(privateKey, kemOutput), request),
  };
}
