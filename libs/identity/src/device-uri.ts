/**
 * The names of users and devices: `mimi://<domain>/u/<name>` and `mimi://<domain>/d/<name>/<device id>`.
 *
 * Each name has exactly one spelling, so names are compared as text.
 *
 * @module
 */
import { IdentityError, type IdentityErrorCode } from './errors.ts';

/** The parts of a user's name. */
export interface UserUri {
  /** The trust domain, a DNS name in lower case. */
  readonly domain: string;
  readonly name: string;
}

/** The parts of a device's name. */
export interface DeviceUri extends UserUri {
  readonly deviceId: string;
}

const MAX_DOMAIN_LENGTH = 253;
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
// Segments of nothing but dots would be resolved away by whoever treats the name as a URL (RFC 3986 §5.2.4).
const USER_NAME = /^(?!\.{1,2}$)[a-z0-9._-]{1,64}$/;
const DEVICE_ID = /^[a-z0-9]{8,64}$/;
const SCHEME = 'mimi://';

/** The longest name that a device can have, in characters. */
export const MAX_DEVICE_URI_LENGTH = SCHEME.length + MAX_DOMAIN_LENGTH + '/d/'.length + 64 + 1 + 64;

/** Tells whether a text is a domain: a DNS name in lower case without a final dot. */
export function isDomain(text: string): boolean {
  return text.length <= MAX_DOMAIN_LENGTH && DOMAIN.test(text);
}

/** Tells whether a text can stand in a URI as the name of a user. */
export function isUserName(text: string): boolean {
  return USER_NAME.test(text);
}

/** Reads the name of a user. @throws IdentityError INVALID_USER_URI */
export function parseUserUri(uri: string): UserUri {
  const [domain, name] = segmentsOf(uri, 'u', 2) ?? [];
  return checkedUser({ domain: domain ?? '', name: name ?? '' }, 'INVALID_USER_URI');
}

/** Reads the name of a device. @throws IdentityError INVALID_DEVICE_URI */
export function parseDeviceUri(uri: string): DeviceUri {
  const [domain, name, deviceId] = segmentsOf(uri, 'd', 3) ?? [];
  return checkedDevice({ domain: domain ?? '', name: name ?? '', deviceId: deviceId ?? '' });
}

/** Writes the name of a user. @throws IdentityError INVALID_USER_URI */
export function formatUserUri(user: UserUri): string {
  const { domain, name } = checkedUser(user, 'INVALID_USER_URI');
  return `${SCHEME}${domain}/u/${name}`;
}

/** Writes the name of a device. @throws IdentityError INVALID_DEVICE_URI */
export function formatDeviceUri(device: DeviceUri): string {
  const { domain, name, deviceId } = checkedDevice(device);
  return `${SCHEME}${domain}/d/${name}/${deviceId}`;
}

/** Gives the name of the user that a device belongs to. @throws IdentityError INVALID_DEVICE_URI */
export function userOfDevice(deviceUri: string): string {
  const { domain, name } = parseDeviceUri(deviceUri);
  return formatUserUri({ domain, name });
}

/** Splits `mimi://<domain>/<kind>/…`; undefined when the form is another. */
function segmentsOf(uri: string, kind: 'u' | 'd', count: number): readonly string[] | undefined {
  if (uri.length > MAX_DEVICE_URI_LENGTH || !uri.startsWith(SCHEME)) return undefined;
  const [domain, found, ...names] = uri.slice(SCHEME.length).split('/');
  return found === kind && names.length === count - 1 ? [domain ?? '', ...names] : undefined;
}

function checkedUser<U extends UserUri>(user: U, code: IdentityErrorCode): U {
  if (!isDomain(user.domain) || !isUserName(user.name)) {
    throw new IdentityError(code, 'a name of the form mimi://<domain>/… expected');
  }
  return user;
}

function checkedDevice(device: DeviceUri): DeviceUri {
  if (!DEVICE_ID.test(device.deviceId)) {
    throw new IdentityError('INVALID_DEVICE_URI', 'mimi://<domain>/d/<name>/<device id> expected');
  }
  return checkedUser(device, 'INVALID_DEVICE_URI');
}
