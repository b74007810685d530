/**
 * Errors of the cryptographic primitives.
 *
 * @module
 */

/** What can be wrong with keys, ciphertexts and requests for key material, and with what is asked to work on them. */
export type CryptoErrorCode =
  | 'UNSUPPORTED_CIPHER_SUITE'
  | 'UNKNOWN_BACK_END'
  | 'MISSING_BACK_END'
  | 'INVALID_PUBLIC_KEY'
  | 'INVALID_PRIVATE_KEY'
  | 'INVALID_LENGTH'
  | 'DECRYPTION_FAILED'
  | 'KEY_DERIVATION_FAILED';

/** A key, ciphertext or length that a primitive refuses; its message holds no key material. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError';
  readonly code: CryptoErrorCode;

  constructor(code: CryptoErrorCode, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.code = code;
  }
}
