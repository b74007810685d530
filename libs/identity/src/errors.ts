/**
 * Errors of identities.
 *
 * @module
 */

/** What can be wrong with names, key sets and the statements about them. */
export type IdentityErrorCode =
  | 'INVALID_DOMAIN'
  | 'INVALID_USER_URI'
  | 'INVALID_DEVICE_URI'
  | 'INVALID_CREDENTIAL'
  | 'INVALID_KEY_SET'
  | 'INVALID_CERTIFICATE'
  | 'INVALID_ATTESTATION_CLAIMS'
  | 'INVALID_REVOCATION_CLAIMS'
  | 'INVALID_RECEIPT_CLAIMS';

/** A name or a key set that cannot be used; its message holds no key material. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly code: IdentityErrorCode;

  constructor(code: IdentityErrorCode, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.code = code;
  }
}
