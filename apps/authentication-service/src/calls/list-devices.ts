/**
 * ListDevices: the devices of the caller's own user.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import { permissionDenied, type Caller, type UnaryHandler } from '@canopy/service';
import type { EnrolledDevice } from '@canopy/storage';
import { requireUser } from '../request-fields.ts';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<authentication.ListDevicesRequest, authentication.ListDevicesResponse, Caller>;

/** How many devices are listed at most, the oldest first. */
const MAX_DEVICES = 1_000;

/** Makes the handler of ListDevices. */
export function listDevices({ registry, config }: Parts): Handler {
  return async (request, { caller }) => {
    const user = requireUser(request.user, 'user', config.domain);
    if (user !== caller.user) throw permissionDenied('OTHER_USER');
    const devices = await registry.devicesOf(user, MAX_DEVICES);
    return { devices: devices.map(describe) };
  };
}

function describe(known: EnrolledDevice): authentication.Device {
  return {
    device: known.device,
    signaturePublicKey: known.signaturePublicKey,
    enrolledAtUnixMs: BigInt(known.enrolledAtMs),
    revoked: known.revokedAtMs !== undefined,
  };
}
