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
  unary,
  type BoundService,
  type CallOptions,
} from '@canopy/service';
import { isAway, type RateLimits } from '@canopy/storage';
import { administrator, enrolledDevice } from './authenticate.ts';
import { beginAuthentication } from './calls/begin-authentication.ts';
import { beginEnrolment } from './calls/begin-enrolment.ts';
import { completeEnrolment } from './calls/complete-enrolment.ts';
import { createAccessTokens } from './calls/create-access-tokens.ts';
import { createEnrolmentCode } from './calls/create-enrolment-code.ts';
import { getJwks } from './calls/get-jwks.ts';
import { getRevocationList } from './calls/get-revocation-list.ts';
import { getTrustAnchors } from './calls/get-trust-anchors.ts';
import { listDevices, listDevicesOfAnyone } from './calls/list-devices.ts';
import { readAudit } from './calls/read-audit.ts';
import { renewCredential } from './calls/renew-credential.ts';
import { revokeDevice, revokeDeviceOfAnyone } from './calls/revoke-device.ts';
import { rotateCredential } from './calls/rotate-credential.ts';
import { caEndWarning } from './ca-end-warning.ts';
import { NO_ANCHORS, readCertificateAuthority } from './certificate-authority.ts';
import { createIdTokens } from './oidc/id-tokens.ts';
import { CredentialLimits } from './credential-limits.ts';
import type { Parts } from './parts.ts';
import { PublishedAnchors } from './published-anchors.ts';
import { RevocationListPublisher } from './revocation-list.ts';
import { keySchedule } from './rules/lifetimes.ts';
import { SigningKeys } from './signing-keys.ts';

/** What the service is built from. */
export interface AuthenticationOptions
  extends Pick<Parts, 'registry' | 'clock' | 'config'>, Pick<CallOptions<unknown>, 'log' | 'onIncident'> {
  readonly rateLimits: RateLimits;
}

/** The service, ready to be served. */
export interface AuthenticationService {
  readonly services: readonly BoundService[];
  /** Gives what GetJwks answers. */
  jwksJson(): Promise<string>;
  /** Does what is due with nobody asking: the next signing key, the next revocation list, the version of the anchors. */
  refresh(): Promise<void>;
}

/** Makes the service; the administrator's part only if there is an administrator secret. @throws {ConfigError} */
export async function createAuthenticationService(
  options: AuthenticationOptions,
): Promise<AuthenticationService> {
  const parts = await createParts(options);
  const { config, keys, revocationList, trustAnchors } = parts;
  const warnOfEnd = caEndWarning(parts, options.log);
  const refresh = async (): Promise<void> => {
    await keys.refresh();
    await revocationList.refresh();
    await trustAnchors.refresh();
    warnOfEnd();
  };
  await refresh();
  const main = bindMain(parts, options);
  const services = config.adminSecret === undefined ? [main] : [main, bindAdmin(parts, options)];
  return { services, jwksJson: () => keys.jwksJson(), refresh };
}

async function createParts({
  registry,
  rateLimits,
  clock,
  config,
  log,
}: AuthenticationOptions): Promise<Parts> {
  const { domain, revocationListLifetime: lifetimeMs, storeKey, previousStoreKey } = config;
  const schedule = keySchedule(config);
  const authority = await readCertificateAuthority(config, clock.now());
  const keys = new SigningKeys({ registry, clock, schedule, storeKey, previousStoreKey });
  return {
    registry,
    clock,
    config,
    keys,
    limits: new CredentialLimits({ rateLimits, clock, config }),
    revocationList: new RevocationListPublisher({ registry, clock, keys, domain, lifetimeMs, log }),
    authority,
    trustAnchors: new PublishedAnchors(authority?.trust ?? NO_ANCHORS, registry),
    idTokens: createIdTokens(config, clock),
  };
}

function bindMain(parts: Parts, { log, onIncident }: AuthenticationOptions): BoundService {
  const { clock, config, keys, registry } = parts;
  const verify = createTokenVerifier({
    audience: 'canopy-authentication',
    issuer: config.domain,
    keys,
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
    renewCredential: unary(open, renewCredential(parts)),
    rotateCredential: unary(open, rotateCredential(parts)),
    listDevices: unary(known, listDevices(parts)),
    revokeDevice: unary(known, revokeDevice(parts)),
    getRevocationList: unary(open, getRevocationList(parts)),
    getTrustAnchors: unary(open, getTrustAnchors(parts)),
    getJwks: unary(open, getJwks(parts)),
  });
}

function bindAdmin(parts: Parts, { log, onIncident }: AuthenticationOptions): BoundService {
  const { adminSecret } = parts.config;
  const authenticate = administrator(adminSecret);
  const calls = { authenticate, log, isUnavailable: isAway, onIncident };
  return bindService(authentication.AuthenticationAdminServiceService, {
    createEnrolmentCode: unary(calls, createEnrolmentCode(parts)),
    listDevices: unary(calls, listDevicesOfAnyone(parts)),
    revokeDevice: unary(calls, revokeDeviceOfAnyone(parts)),
    readAudit: unary(calls, readAudit(parts)),
  });
}
