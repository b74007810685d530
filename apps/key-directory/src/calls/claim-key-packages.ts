/**
 * ClaimKeyPackages: hands out one KeyPackage per device (RFC 9420 §16.8).
 *
 * @module
 */
import { directory, FieldError, requireLength } from '@canopy/contract';
import { isSupportedCipherSuite } from '@canopy/crypto';
import { resourceExhausted, type Caller } from '@canopy/service';
import type { ClaimRequest, DeviceClaim } from '@canopy/storage';
import { claimBelievable } from '../claim-believable.ts';
import type { Admission } from '../claim-limits.ts';
import type { Directory } from '../directory.ts';
import { requiredBy } from '../rules/capabilities.ts';
import { requireNames } from '../rules/claim-names.ts';

const REQUEST_ID_LENGTH = 16;

/** Takes from all devices that are named, and from all devices of the users that are named. */
export async function claimKeyPackages(
  service: Directory,
  request: directory.ClaimKeyPackagesRequest,
  caller: Caller,
): Promise<directory.ClaimKeyPackagesResponse> {
  const wanted = readClaim(service, request);
  // Everything is looked up before anything is taken: what is too much must not cost anybody a KeyPackage.
  const { devices, unknownUsers } = await findDevices(service, request);
  const [good, bad] = split(devices, (device) => !service.revocations.has(device));
  const claim = { ...wanted, caller: caller.device, devices: good };
  const repeats = await service.stores.singleUseStock.repeatsOf(claim);
  const fresh = good.filter((device) => !repeats.has(device));
  const admission = await service.limits.admit(caller, fresh, unknownUsers.length);
  const claims = await claimBelievable(service, admitted(claim, admission));
  const limited = Array.from(admission.byCaller, ([device, retryAfterMs]) => toLimited(device, retryAfterMs));
  const answers = [...claims.map((one) => toDeviceClaim(one, admission)), ...limited, ...bad.map(toRevoked)];
  return { devices: answers, unknownUsers };
}

function readClaim(
  { config, clock }: Directory,
  request: directory.ClaimKeyPackagesRequest,
): Omit<ClaimRequest, 'caller' | 'devices'> {
  const { cipherSuite } = request;
  const requestId = requireLength(request.requestId, 'request_id', REQUEST_ID_LENGTH);
  if (!isSupportedCipherSuite(cipherSuite)) {
    throw new FieldError('cipher_suite', 'must be a cipher suite of RFC 9420, 1 to 7');
  }
  requireNames(request, config.maxClaimNames);
  return {
    requestId,
    cipherSuite,
    required: requiredBy(request.requiredCapabilities),
    remember: { maxEntries: config.consumptionEntries, maxAgeMs: config.consumptionAge },
    nowMs: clock.now(),
  };
}

/** Leaves out what gives the caller nothing, not even the last resort: its uses and the record of them belong to others, too. */
function admitted(claim: ClaimRequest, { byCaller, byAll }: Admission): ClaimRequest {
  const devices = claim.devices.filter((device) => !byCaller.has(device));
  return { ...claim, devices, lastResortOnly: new Set(byAll.keys()) };
}

async function findDevices(
  { stores, config }: Directory,
  request: Pick<directory.ClaimKeyPackagesRequest, 'users' | 'devices'>,
): Promise<{ readonly devices: readonly string[]; readonly unknownUsers: string[] }> {
  const limit = config.maxClaimDevices;
  const devices = new Set(request.devices);
  const unknownUsers = new Set<string>();
  for (const [index, user] of request.users.entries()) {
    const found = await stores.singleUseStock.devicesOf(user, limit + 1);
    if (found.length === 0) unknownUsers.add(user);
    // Its place, not its name: the caller can leave it out.
    if (found.length > limit) throw resourceExhausted(`devices of users[${index}]`, limit);
    for (const device of found) devices.add(device);
    if (devices.size > limit) break;
  }
  if (devices.size > limit) throw resourceExhausted('devices per claim', limit);
  return { devices: [...devices], unknownUsers: [...unknownUsers] };
}

function split(
  devices: readonly string[],
  isGood: (device: string) => boolean,
): readonly [readonly string[], readonly string[]] {
  return [devices.filter((device) => isGood(device)), devices.filter((device) => !isGood(device))];
}

const { NothingToClaimReason } = directory;

const REASONS = {
  unknownDevice: NothingToClaimReason.UNKNOWN_DEVICE,
  exhausted: NothingToClaimReason.EXHAUSTED,
  noneFits: NothingToClaimReason.NONE_FITS,
  revoked: NothingToClaimReason.REVOKED,
} as const;

function toDeviceClaim(claim: DeviceClaim, { byAll }: Admission): directory.DeviceClaim {
  const { device } = claim;
  if (claim.outcome === 'claimed') {
    const { keyPackage, lastResort } = claim;
    return { device, result: { $case: 'claimed', value: { keyPackage, lastResort } } };
  }
  const retryAfterMs = claim.reason === 'exhausted' ? byAll.get(device) : undefined;
  return retryAfterMs === undefined
    ? toNothing(device, REASONS[claim.reason])
    : toLimited(device, retryAfterMs);
}

function toLimited(device: string, retryAfterMs: number): directory.DeviceClaim {
  return toNothing(device, NothingToClaimReason.LIMITED, retryAfterMs);
}

function toRevoked(device: string): directory.DeviceClaim {
  return toNothing(device, NothingToClaimReason.REVOKED);
}

function toNothing(
  device: string,
  reason: directory.NothingToClaimReason,
  retryAfterMs = 0,
): directory.DeviceClaim {
  return { device, result: { $case: 'nothing', value: { reason, retryAfterMs: BigInt(retryAfterMs) } } };
}
