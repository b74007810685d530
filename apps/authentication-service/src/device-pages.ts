/**
 * Pages of a user's devices, for the user and for the administrator.
 *
 * @module
 */
import { FieldError, type authentication } from '@canopy/contract';
import type { EnrolledDevice } from '@canopy/storage';
import type { Parts } from './parts.ts';
import { requireDevice, requireUser } from './request-fields.ts';

const DEFAULT_SIZE = 100;
const MAX_SIZE = 1_000;

/** Reads the page that a request asks for. @throws {FieldError} */
export async function readDevicePage(
  request: authentication.ListDevicesRequest,
  { registry, config }: Parts,
): Promise<authentication.ListDevicesResponse> {
  const user = requireUser(request.user, 'user', config.domain);
  const size = requirePageSize(request.pageSize, 'page_size');
  const { pageToken } = request;
  const after = pageToken === '' ? {} : { after: requireDevice(pageToken, 'page_token', config.domain) };
  const found = await registry.devicesOf({ user, limit: size + 1, ...after });
  const page = found.slice(0, size);
  const nextPageToken = found.length > size ? (page.at(-1)?.device ?? '') : '';
  return { devices: page.map(describe), nextPageToken };
}

/** Requires a number of items; 0 is the usual number. @throws {FieldError} */
export function requirePageSize(size: number, field: string): number {
  if (size > MAX_SIZE) throw new FieldError(field, `must be at most ${MAX_SIZE}`);
  return size === 0 ? DEFAULT_SIZE : size;
}

function describe(known: EnrolledDevice): authentication.Device {
  return {
    device: known.device,
    signaturePublicKey: known.signaturePublicKey,
    enrolledAtUnixMs: BigInt(known.enrolledAtMs),
    revoked: known.revokedAtMs !== undefined,
    cipherSuite: known.cipherSuite,
    keySinceUnixMs: BigInt(known.keySinceMs),
    revokedAtUnixMs: BigInt(known.revokedAtMs ?? 0),
  };
}
