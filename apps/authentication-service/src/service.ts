/**
 * Builds the authentication service from its parts (RFC 9750, Authentication Service).
 *
 * @module
 */
import { authentication } from '@canopy/contract';
import {
  anonymous,
  bindService,
  createTokenVerifier,
  fixedKeySource,
  unary,
  type BoundService,
  type CallOptions,
} from '@canopy/service';
import { administrator, enrolledDevice } from './authenticate.ts';
import { beginAuthentication } from './calls/begin-authentication.ts';
import { beginEnrolment } from './calls/begin-enrolment.ts';
import { completeEnrolment } from './calls/complete-enrolment.ts';
import { createAccessTokens } from './calls/create-access-tokens.ts';
import { createEnrolmentCode } from './calls/create-enrolment-code.ts';
import { getJwks } from './calls/get-jwks.ts';
import { listDevices } from './calls/list-devices.ts';
import { revokeDevice } from './calls/revoke-device.ts';
import type { Parts } from './parts.ts';
import { loadSigningKeys } from './signing-keys.ts';
import { isAway } from '@canopy/storage';

/** What the service is built from. */
export interface AuthenticationOptions
  extends Omit<Parts, 'keys'>, Pick<CallOptions<unknown>, 'log' | 'onIncident'> {}

/** The service, ready to be served. */
export interface AuthenticationService {
  readonly services: readonly BoundService[];
  /** What GetJwks answers. */
  readonly jwksJson: string;
}

/** Makes the service; the administrator's part only if there is an administrator secret. */
export async function createAuthenticationService(
  options: AuthenticationOptions,
): Promise<AuthenticationService> {
  const { registry, clock, config } = options;
  const keys = await loadSigningKeys(registry, clock.now());
  const parts = { registry, clock, config, keys };
  const main = await bindMain(parts, options);
  const services = config.adminSecret === undefined ? [main] : [main, bindAdmin(parts, options)];
  return { services, jwksJson: keys.jwksJson };
}

async function bindMain(parts: Parts, { log, onIncident }: AuthenticationOptions): Promise<BoundService> {
  const { clock, config, keys, registry } = parts;
  const verify = createTokenVerifier({
    audience: 'canopy-authentication',
    issuer: config.domain,
    keys: await fixedKeySource(keys.jwksJson),
    clock,
  });
  const base = { log, isUnavailable: isAway, onIncident };
  const open = { ...base, authenticate: anonymous };
  const known = { ...base, authenticate: enrolledDevice(verify, registry) };
  return bindService(authentication.AuthenticationServiceService, {
    beginEnrolment: unary(open, beginEnrolment(parts)),
    completeEnrolment: unary(open, completeEnrolment(parts)),
    beginAuthentication: unary(open, beginAuthentication(parts)),
    createAccessTokens: unary(open, createAccessTokens(parts)),
    listDevices: unary(known, listDevices(parts)),
    revokeDevice: unary(known, revokeDevice(parts)),
    getJwks: unary(open, getJwks(parts)),
  });
}

function bindAdmin(parts: Parts, { log, onIncident }: AuthenticationOptions): BoundService {
  const { adminSecret } = parts.config;
  const authenticate = administrator(adminSecret);
  const calls = { authenticate, log, isUnavailable: isAway, onIncident };
  return bindService(authentication.AuthenticationAdminServiceService, {
    createEnrolmentCode: unary(calls, createEnrolmentCode(parts)),
  });
}
