/**
 * The basic credential of a device (RFC 9420 §5.3): its identity is the device's URI.
 *
 * @module
 */
import { Credential, CredentialType } from '@canopy/mls';
import { MAX_DEVICE_URI_LENGTH, parseDeviceUri } from './device-uri.ts';
import { IdentityError } from './errors.ts';

/** Makes the credential of a device. @throws IdentityError INVALID_DEVICE_URI */
export function deviceCredential(deviceUri: string): Credential {
  parseDeviceUri(deviceUri);
  return { credentialType: CredentialType.basic, identity: new TextEncoder().encode(deviceUri) };
}

/** Gives the URI of the device that a credential names. @throws IdentityError INVALID_CREDENTIAL, INVALID_DEVICE_URI */
export function deviceOfCredential(credential: Credential): string {
  if (credential.credentialType !== CredentialType.basic) {
    throw new IdentityError('INVALID_CREDENTIAL', 'a basic credential expected');
  }
  if (credential.identity.length > MAX_DEVICE_URI_LENGTH) {
    throw new IdentityError('INVALID_DEVICE_URI', `at most ${MAX_DEVICE_URI_LENGTH} bytes expected`);
  }
  // The form that is checked next is ASCII, so every byte above it is refused there.
  const device = Buffer.from(credential.identity).toString('latin1');
  parseDeviceUri(device);
  return device;
}
