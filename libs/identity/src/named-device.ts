/**
 * The device that a credential names, of whichever type it is (RFC 9420 §5.3).
 *
 * @module
 */
import { CredentialType, type Credential } from '@canopy/mls';
import { deviceOfCredential } from './device-credential.ts';
import { IdentityError } from './errors.ts';
import { deviceOfX509Credential } from './x509/x509-credential.ts';

/** Gives the URI of the device that a credential names. @throws IdentityError for one that names none */
export function namedDevice(credential: Credential): string {
  return credential.credentialType === CredentialType.x509
    ? deviceOfX509Credential(credential)
    : deviceOfCredential(credential);
}

/** Gives the URI of the device that a credential names; undefined when it names none. */
export function findNamedDevice(credential: Credential): string | undefined {
  try {
    return namedDevice(credential);
  } catch (error) {
    if (error instanceof IdentityError) return undefined;
    throw error;
  }
}
