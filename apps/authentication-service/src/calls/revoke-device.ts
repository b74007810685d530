/**
 * RevokeDevice: no more tokens for a device of the caller's own user.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import { userOfDevice } from '@canopy/identity';
import { permissionDenied, type Caller, type UnaryHandler } from '@canopy/service';
import { requireDevice } from '../request-fields.ts';
import { auditEntry } from '../rules/audit-entry.ts';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<authentication.RevokeDeviceRequest, authentication.RevokeDeviceResponse, Caller>;

/** Makes the handler of RevokeDevice. */
export function revokeDevice({ registry, clock, config }: Parts): Handler {
  return async (request, { caller }) => {
    const device = requireDevice(request.device, 'device', config.domain);
    if (userOfDevice(device) !== caller.user) throw permissionDenied('OTHER_USER');
    const nowMs = clock.now();
    const audit = auditEntry({ event: 'device-revoked', device, by: caller.device, atMs: nowMs });
    const done = await registry.revokeDevice({ device, user: caller.user, nowMs, audit });
    if (done.outcome === 'unknownDevice') return { result: { $case: 'notFound', value: {} } };
    return { result: { $case: 'revoked', value: { revokedAtUnixMs: BigInt(done.revokedAtMs) } } };
  };
}
