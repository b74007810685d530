/**
 * Checks of request fields that several calls share.
 *
 * @module
 */
import {
  FieldError,
  requireField,
  requireLength,
  requireSize,
  requireText,
  type authentication,
} from '@canopy/contract';
import { CryptoError, getCipherSuite, isSupportedCipherSuite, type CipherSuite } from '@canopy/crypto';
import { IdentityError, MAX_DEVICE_URI_LENGTH, parseDeviceUri, parseUserUri } from '@canopy/identity';
import { hashIdToken, MAX_ID_TOKEN_LENGTH } from './oidc/id-tokens.ts';
import { CHALLENGE_LENGTH } from './rules/challenge.ts';
import { hashEnrolmentCode } from './rules/enrolment-code.ts';

const MAX_CODE_LENGTH = 64;
/** The longest signature of all schemes is ECDSA on P-521 in DER with 139 bytes. */
const MAX_SIGNATURE_LENGTH = 256;

/** Requires the URI of a device of the domain. @throws {FieldError} */
export function requireDevice(uri: string, field: string, domain: string): string {
  const device = requireText(uri, field, MAX_DEVICE_URI_LENGTH);
  requireDomain(field, domain, () => parseDeviceUri(device).domain);
  return device;
}

/** Requires the URI of a user of the domain. @throws {FieldError} */
export function requireUser(uri: string, field: string, domain: string): string {
  const user = requireText(uri, field, MAX_DEVICE_URI_LENGTH);
  requireDomain(field, domain, () => parseUserUri(user).domain);
  return user;
}

/** What shows who wants to enrol, and what the store knows it by. */
export interface ShownEvidence {
  readonly kind: 'enrolmentCode' | 'idToken';
  readonly value: string;
  readonly hash: Uint8Array;
}

/** Requires something that may be evidence. @throws {FieldError} */
export function requireEvidence(
  shown: authentication.BeginEnrolmentRequest['evidence'],
  field: string,
): ShownEvidence {
  const { $case: kind, value } = requireField(shown, field);
  if (kind === 'enrolmentCode') {
    requireText(value, 'enrolment_code', MAX_CODE_LENGTH);
    return { kind, value, hash: hashEnrolmentCode(value) };
  }
  requireText(value, 'id_token', MAX_ID_TOKEN_LENGTH);
  return { kind, value, hash: hashIdToken(value) };
}

/** A key with the suite whose signature scheme it belongs to. */
export interface RequestedKey {
  readonly suite: CipherSuite;
  readonly signatureKey: Uint8Array;
}

/** Requires a signature key that a device can have. @throws {FieldError} */
export function requireSignatureKey(
  request: Pick<authentication.CompleteEnrolmentRequest, 'cipherSuite' | 'signaturePublicKey'>,
): RequestedKey {
  const { cipherSuite, signaturePublicKey: signatureKey } = request;
  if (!isSupportedCipherSuite(cipherSuite)) {
    throw new FieldError('cipher_suite', 'must be a cipher suite from 1 to 7');
  }
  const suite = getCipherSuite(cipherSuite);
  const field = 'signature_public_key';
  requireLength(signatureKey, field, suite.signature.publicKeySize);
  try {
    suite.signature.validatePublicKey(signatureKey);
    return { suite, signatureKey };
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new FieldError(field, `must be a public key for ${suite.signature.scheme}`, { cause: error });
  }
}

/** Requires something that may be a challenge. @throws {FieldError} */
export function requireChallenge(challenge: Uint8Array, field: string): Uint8Array {
  return requireLength(challenge, field, CHALLENGE_LENGTH);
}

/** Requires something that may be a signature. @throws {FieldError} */
export function requireSignature(signature: Uint8Array, field: string): Uint8Array {
  return requireSize(signature, field, { minimum: 1, maximum: MAX_SIGNATURE_LENGTH });
}

function requireDomain(field: string, domain: string, read: () => string): void {
  if (readOrRefuse(field, read) !== domain) {
    throw new FieldError(field, `must be of the domain ${domain}`);
  }
}

function readOrRefuse(field: string, read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    throw new FieldError(field, 'must be a name of the form mimi://<domain>/…', { cause: error });
  }
}
