/**
 * Checks of request fields that several calls share.
 *
 * @module
 */
import { FieldError, requireLength, requireSize, requireText } from '@canopy/contract';
import { IdentityError, MAX_DEVICE_URI_LENGTH, parseDeviceUri, parseUserUri } from '@canopy/identity';
import { CHALLENGE_LENGTH } from './rules/challenge.ts';

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

/** Requires something that may be an enrolment code. @throws {FieldError} */
export function requireCode(code: string, field: string): string {
  return requireText(code, field, MAX_CODE_LENGTH);
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
