/**
 * ClaimKeyPackages: hands out one KeyPackage per device (RFC 9420 §16.8).
 *
 * @module
 */
import { directory, FieldError, requireLength } from '@canopy/contract';
import { isSupportedCipherSuite } from '@canopy/crypto';
import { resourceExhausted, type Caller } from '@canopy/service';
import type { DeviceClaim } from '@canopy/storage';
import type { Directory } from '../directory.ts';
import { requireNames } from '../rules/claim-names.ts';

const REQUEST_ID_LENGTH = 16;

/** Takes from all devices that are named, and from all devices of the users that are named. */
export async function claimKeyPackages(
  service: Directory,
  request: directory.ClaimKeyPackagesRequest,
  caller: Caller,
): Promise<directory.ClaimKeyPackagesResponse> {
  const { cipherSuite } = request;
  const requestId = requireLength(request.requestId, 'request_id', REQUEST_ID_LENGTH);
  if (!isSupportedCipherSuite(cipherSuite)) {
    throw new FieldError('cipher_suite', 'must be a cipher suite of RFC 9420, 1 to 7');
  }
  requireNames(request, service.config.maxClaimNames);
  // Everything is looked up before anything is taken: what is too much must not cost anybody a KeyPackage.
  const { devices, unknownUsers } = await findDevices(service, request);
  const claims = await service.stores.singleUseStock.claim({
    requestId,
    caller: caller.device,
    devices,
    cipherSuite,
    nowMs: service.clock.now(),
  });
  return { devices: claims.map(toDeviceClaim), unknownUsers };
}

async function findDevices(
  { stores, config }: Directory,
  request: Pick<directory.ClaimKeyPackagesRequest, 'users' | 'devices'>,
): Promise<{ readonly devices: readonly string[]; readonly unknownUsers: string[] }> {
  const limit = config.maxClaimDevices;
  const devices = new Set(request.devices);
  const unknownUsers: string[] = [];
  for (const user of new Set(request.users)) {
    const found = await stores.singleUseStock.devicesOf(user, limit + 1);
    if (found.length === 0) unknownUsers.push(user);
    for (const device of found) devices.add(device);
    if (devices.size > limit) break;
  }
  if (devices.size > limit) throw resourceExhausted('devices per claim', limit);
  return { devices: [...devices], unknownUsers };
}

const REASONS = {
  unknownDevice: directory.NothingToClaimReason.UNKNOWN_DEVICE,
  exhausted: directory.NothingToClaimReason.EXHAUSTED,
} as const;

function toDeviceClaim(claim: DeviceClaim): directory.DeviceClaim {
  const { device } = claim;
  if (claim.outcome === 'nothing') {
    return { device, result: { $case: 'nothing', value: { reason: REASONS[claim.reason] } } };
  }
  const { keyPackage, lastResort } = claim;
  return { device, result: { $case: 'claimed', value: { keyPackage, lastResort } } };
}
