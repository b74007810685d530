/**
 * How a device gets its credential from the Authentication Service, and what it says in groups.
 *
 * @module
 */
import { authentication, callUnary } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import {
  ATTESTATION_EXTENSION_TYPE,
  attestationExtension,
  createDeviceIdentityProvider,
  deviceCredential,
  namedDevice,
  parseJwks,
  signEnrolmentProof,
  x509Credential,
} from '@canopy/identity';
import {
  supportedCapabilities,
  type ClientIdentity,
  type IdentityProvider,
  type Lifetime,
} from '@canopy/mls';
import type { Stubs } from './connections.ts';
import { ClientError } from './errors.ts';
import type { BeforeStep, Clock } from './ports.ts';
import { answered } from './service-calls.ts';
import type { DeviceKeys, EnrolledDevice } from './store/device-store.ts';
import type { Store } from './store/store.ts';
import { fetchTrust, fetchTrustAnchors } from './trust.ts';
import { reasonWord } from './reason-word.ts';

/** What an enrolment works with. */
export interface EnrolmentParts {
  readonly stub: Stubs['authentication'];
  readonly store: Store;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly beforeStep: BeforeStep;
}

/** How a device shows who it is: by an attestation, or by a certificate. */
export type CredentialKind = 'basic' | 'x509';

/** What a device wants to be enrolled with. */
export interface EnrolmentWish {
  readonly cipherSuite: number;
  readonly credential: CredentialKind;
}

const { CredentialType } = authentication;
const CREDENTIAL_TYPES = { basic: CredentialType.BASIC, x509: CredentialType.X509 } as const;

const { EnrolmentRefusalReason, CompleteEnrolmentRequest } = authentication;
const CHALLENGE_GONE: ReadonlySet<authentication.EnrolmentRefusalReason> = new Set([
  EnrolmentRefusalReason.CHALLENGE_UNKNOWN,
  EnrolmentRefusalReason.CHALLENGE_EXPIRED,
]);

/**
 * Enrols the device of a state file. Keys and request are saved before the service hears of them, so that whoever died in
 * between repeats the same request and gets the same device.
 *
 * @throws {ClientError} ENROLMENT_REFUSED, SERVICE_REFUSED, SERVICE_UNAVAILABLE
 */
export async function enrol(
  parts: EnrolmentParts,
  code: string,
  { cipherSuite, credential }: EnrolmentWish,
): Promise<EnrolledDevice> {
  const { store } = parts;
  const saved = savedRequest(store, code);
  const repeated = saved && (await complete(parts, saved.request));
  if (repeated?.$case === 'device') return finish(parts, repeated.value);
  if (repeated !== undefined && !CHALLENGE_GONE.has(repeated.value.reason)) throw refused(repeated.value);
  const keys = saved?.keys ?? createKeys(cipherSuite);
  const request = await begin(parts, code, { keys, credential });
  store.device.saveEnrolling(keys, CompleteEnrolmentRequest.encode(request).finish());
  parts.beforeStep('enrol:keys-saved');
  const result = await complete(parts, request);
  parts.beforeStep('enrol:completed');
  if (result.$case === 'refusal') throw refused(result.value);
  return finish(parts, result.value);
}

function savedRequest(
  store: Store,
  code: string,
): { readonly keys: DeviceKeys; readonly request: authentication.CompleteEnrolmentRequest } | undefined {
  const enrolling = store.device.enrolling();
  if (enrolling === undefined) return undefined;
  const request = CompleteEnrolmentRequest.decode(enrolling.request);
  const { evidence } = request;
  const isSame = evidence?.$case === 'enrolmentCode' && evidence.value === code;
  return isSame ? { keys: enrolling.keys, request } : undefined;
}

function createKeys(cipherSuite: number): DeviceKeys {
  return { cipherSuite, signatureKeyPair: getCipherSuite(cipherSuite).signature.generateKeyPair() };
}

async function begin(
  { stub, signal }: EnrolmentParts,
  code: string,
  { keys, credential }: { readonly keys: DeviceKeys; readonly credential: CredentialKind },
): Promise<authentication.CompleteEnrolmentRequest> {
  const { cipherSuite, signatureKeyPair } = keys;
  const { publicKey: signatureKey, privateKey } = signatureKeyPair;
  const evidence = { $case: 'enrolmentCode', value: code } as const;
  const { result } = await answered(() =>
    callUnary(stub, 'beginEnrolment', { evidence }, { idempotent: true, signal }),
  );
  if (result?.$case === 'refusal') throw refused(result.value);
  if (result === undefined) throw new ClientError('INVALID_RESPONSE', 'neither a challenge nor a refusal');
  const { challenge, domain, user } = result.value;
  const proof = { challenge, domain, user, cipherSuite, signatureKey };
  const signature = signEnrolmentProof(getCipherSuite(cipherSuite), privateKey, proof);
  const proven = { challenge, cipherSuite, signaturePublicKey: signatureKey, signature };
  return { evidence, ...proven, credentialTypes: [CREDENTIAL_TYPES[credential]] };
}

async function complete(
  { stub, signal }: EnrolmentParts,
  request: authentication.CompleteEnrolmentRequest,
): Promise<NonNullable<authentication.CompleteEnrolmentResponse['result']>> {
  const { result } = await answered(() =>
    callUnary(stub, 'completeEnrolment', request, { idempotent: true, signal }),
  );
  if (result === undefined) throw new ClientError('INVALID_RESPONSE', 'neither a device nor a refusal');
  return result;
}

async function finish(
  { stub, store, clock, signal }: EnrolmentParts,
  answer: authentication.EnrolledDevice,
): Promise<EnrolledDevice> {
  const { device, attestation, x509Chain } = answer;
  const trust = await answered(() => fetchTrust(stub, signal));
  const { domain } = trust;
  const anchors = await answered(() => fetchTrustAnchors(stub, domain, signal));
  const keys = store.device.enrolling()?.keys;
  if (keys === undefined) throw new ClientError('INVALID_STATE', 'the keys of the enrolment are gone');
  const enrolled = { ...keys, device, domain, attestation, x509Chain };
  await judgeOwn(
    enrolled,
    createDeviceIdentityProvider({ domain, keys: await parseJwks(trust.jwks), clock }, anchors),
  );
  const renewAtMs = renewalTimeOf(answer, clock.now());
  store.device.saveEnrolment(enrolled, { trust, anchors, renewAtMs });
  return enrolled;
}

/** Requires that a credential of this device is one that others will believe. @throws {ClientError} ENROLMENT_REFUSED */
export async function judgeOwn(enrolled: EnrolledDevice, judge: IdentityProvider): Promise<void> {
  const { credential, leafExtensions: extensions } = identityOf(enrolled);
  const { publicKey: signatureKey } = enrolled.signatureKeyPair;
  const verdict = await judge.validateCredential({ credential, signatureKey, extensions });
  if (verdict.valid && namedDevice(credential) === enrolled.device) return;
  const reason = verdict.valid ? 'OTHER_DEVICE' : verdict.reason;
  throw new ClientError('ENROLMENT_REFUSED', 'the credential is not for this device', { reason });
}

/** When a credential is to be renewed: at two thirds of its life. */
export function renewalTimeOf(
  { attestationExpiresAtUnixMs, x509ExpiresAtUnixMs, x509Chain }: authentication.EnrolledDevice,
  nowMs: number,
): number {
  const endMs = Number(x509Chain.length > 0 ? x509ExpiresAtUnixMs : attestationExpiresAtUnixMs);
  return Math.floor(nowMs + ((endMs - nowMs) * 2) / 3);
}

/** The type of credential that a device has. */
export function typeOf({ x509Chain }: EnrolledDevice): authentication.CredentialType {
  return CREDENTIAL_TYPES[x509Chain.length > 0 ? 'x509' : 'basic'];
}

function refused({ reason }: authentication.EnrolmentRefusal): ClientError {
  const word = reasonWord(reason, 'ENROLMENT_REFUSAL_REASON_');
  return new ClientError('ENROLMENT_REFUSED', `the service refused the enrolment: ${word}`, { reason: word });
}

/** Gives what every leaf of a device says. Members of both kinds of credentials can be in one group. */
export function identityOf(enrolled: EnrolledDevice): ClientIdentity {
  const { device, attestation, x509Chain, cipherSuite, signatureKeyPair } = enrolled;
  const isCertified = x509Chain.length > 0;
  return {
    credential: isCertified ? x509Credential(x509Chain) : deviceCredential(device),
    signatureKeyPair,
    capabilities: supportedCapabilities([cipherSuite], { extensions: [ATTESTATION_EXTENSION_TYPE] }),
    leafExtensions: isCertified ? [] : [attestationExtension(attestation)],
  };
}

const HOUR = 3_600n;
const LIFETIME = 90n * 24n * HOUR;

/** Gives the lifetime of a leaf that is made now; it begins early, since clocks differ (RFC 9420 §7.2). */
export function lifetimeFrom(nowSeconds: bigint): Lifetime {
  return { notBefore: nowSeconds - HOUR, notAfter: nowSeconds + LIFETIME };
}
