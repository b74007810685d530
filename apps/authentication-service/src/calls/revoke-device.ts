/**
 * RevokeDevice: no more tokens for a device, of the caller's own user or of any for the administrator.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import { userOfDevice } from '@canopy/identity';
import { permissionDenied, type Caller, type UnaryHandler } from '@canopy/service';
import type { Parts } from '../parts.ts';
import { requireDevice } from '../request-fields.ts';
import { auditEntry } from '../rules/audit-entry.ts';
import { keptUntilMs } from '../rules/lifetimes.ts';

type Response = authentication.RevokeDeviceResponse;
type Handler<Who> = UnaryHandler<authentication.RevokeDeviceRequest, Response, Who>;

/** Makes the handler of RevokeDevice for devices. */
export function revokeDevice(parts: Parts): Handler<Caller> {
  return async (request, { caller }) => {
    const device = requireDevice(request.device, 'device', parts.config.domain);
    if (userOfDevice(device) !== caller.user) throw permissionDenied('OTHER_USER');
    return revoke(device, caller.device, parts);
  };
}

/** Makes the handler of RevokeDevice for the administrator. */
export function revokeDeviceOfAnyone(parts: Parts): Handler<undefined> {
  return async (request) => {
    const device = requireDevice(request.device, 'device', parts.config.domain);
    return revoke(device, 'administrator', parts);
  };
}

async function revoke(device: string, by: string, parts: Parts): Promise<Response> {
  const { registry, clock, config, revocationList } = parts;
  const nowMs = clock.now();
  const audit = auditEntry({ event: 'device-revoked', device, by, atMs: nowMs });
  const revocation = { device, user: userOfDevice(device), nowMs, keepUntilMs: keptUntilMs(nowMs, config) };
  const done = await registry.revokeDevice({ ...revocation, audit });
  revocationList.forget();
  if (done.outcome === 'unknownDevice') return { result: { $case: 'notFound', value: {} } };
  return { result: { $case: 'revoked', value: { revokedAtUnixMs: BigInt(done.revokedAtMs) } } };
}
