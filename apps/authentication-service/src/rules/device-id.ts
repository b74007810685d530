/**
 * Device ids: made by the service, so that nobody chooses a name that looks like somebody else's.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { formatDeviceUri, parseUserUri } from '@canopy/identity';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 20;

/** Makes the URI of a new device of a user, with 100 random bits. */
export function makeDeviceUri(userUri: string): string {
  const deviceId = Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte & 31)).join('');
  return formatDeviceUri({ ...parseUserUri(userUri), deviceId });
}
