/**
 * Why an X.509 credential is not believed. The words are stable: applications and logs go by them.
 *
 * @module
 */

/** Why an X.509 credential is not believed. */
export type X509Refusal =
  // the credential (RFC 9420 §5.3)
  | 'CREDENTIAL_NOT_X509'
  | 'CHAIN_EMPTY'
  | 'CHAIN_TOO_LONG'
  | 'CHAIN_TOO_LARGE'
  | 'CERTIFICATE_OTHER_KEY'
  // one certificate (RFC 5280 §4)
  | 'CERTIFICATE_TOO_LARGE'
  | 'CERTIFICATE_MALFORMED'
  | 'CERTIFICATE_KEY_NOT_ALLOWED'
  | 'CERTIFICATE_ALGORITHM_NOT_ALLOWED'
  | 'CERTIFICATE_UNKNOWN_CRITICAL_EXTENSION'
  | 'CERTIFICATE_NOT_YET_VALID'
  | 'CERTIFICATE_EXPIRED'
  | 'CERTIFICATE_REVOKED'
  | 'CERTIFICATE_WRONG_PURPOSE'
  // the end entity
  | 'END_ENTITY_IS_A_CA'
  | 'END_ENTITY_MAY_NOT_SIGN'
  // the path (RFC 5280 §6)
  | 'ISSUER_UNKNOWN'
  | 'ISSUER_SIGNATURE_INVALID'
  | 'ISSUER_NOT_A_CA'
  | 'ISSUER_MAY_NOT_SIGN_CERTIFICATES'
  | 'PATH_TOO_LONG'
  | 'PATH_SEARCH_TOO_LONG'
  | 'NAME_NOT_PERMITTED'
  | 'NAME_EXCLUDED'
  | 'NAME_CONSTRAINT_UNSUPPORTED'
  // whom it names (RFC 9420 §5.3.1)
  | 'IDENTITY_MISSING'
  | 'IDENTITY_NOT_A_DEVICE'
  | 'IDENTITY_AMBIGUOUS'
  | 'IDENTITY_WRONG_DOMAIN'
  | 'SUCCESSOR_OTHER_IDENTITY';

/** Carries a refusal from the check that found it to the provider, which makes a verdict of it. */
export class Refused<Reason extends string = string> extends Error {
  override readonly name = 'Refused';
  readonly reason: Reason;

  constructor(reason: Reason, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
  }
}

/** Refuses an X.509 credential. */
export function refuse(reason: X509Refusal, cause?: unknown): never {
  throw new Refused(reason, { cause });
}
