/**
 * The authentication service in process on loopback, with a store in a fresh folder, and what a device does with it.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authentication, callUnary, CallError, connect } from '@canopy/contract';
import { getCipherSuite, type CipherSuite, type KeyPair } from '@canopy/crypto';
import {
  signAuthenticationProof,
  signEnrolmentProof,
  signRenewalProof,
  signRotationProof,
} from '@canopy/identity';
import { createLogger, manualClock, serve, type Incident, type ManualClock } from '@canopy/service';
import type { SqliteStore } from '@canopy/storage';
import { Metadata } from '@grpc/grpc-js';
import { readAuthenticationConfig } from '../src/config.ts';
import { createAuthenticationService } from '../src/service.ts';
import { openSqliteIn } from '@canopy/storage';

export const NOW = 1_800_000_000_000;
export const DOMAIN = 'example.com';
export const ADMIN_SECRET = 'a secret of at least 32 characters';

export const { CredentialRefusalReason, CredentialType, EnrolmentRefusalReason, TokenAudience } =
  authentication;

/** A service that is up, with its clients and its store. */
export interface Bench {
  readonly clock: ManualClock;
  readonly store: SqliteStore;
  readonly client: authentication.AuthenticationServiceClient;
  readonly admin: authentication.AuthenticationAdminServiceClient;
  readonly incidents: readonly Incident[];
  readonly logLines: readonly string[];
  /** Does what is due with nobody asking. */
  refresh(): Promise<void>;
  /** A hash over everything that the store has written. */
  storeHash(): string;
  close(): Promise<void>;
}

/** How a bench differs from the usual. */
export interface BenchOptions {
  readonly folder?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** What time it is at the start. */
  readonly nowMs?: number;
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'canopy-authentication-'));
}

export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const folder = options.folder ?? newFolder();
  const config = readAuthenticationConfig({
    CANOPY_DOMAIN: DOMAIN,
    CANOPY_DATA: folder,
    CANOPY_ADMIN_SECRET: ADMIN_SECRET,
    ...options.environment,
  });
  const logLines: string[] = [];
  const log = createLogger({
    service: 'test',
    level: 'trace',
    destination: { write: (line) => void logLines.push(line) },
  });
  const incidents: Incident[] = [];
  const onIncident = (incident: Incident): void => void incidents.push(incident);
  const clock = manualClock(options.nowMs ?? NOW);
  const store = openSqliteIn(folder, 'authentication-service');
  const { registry, rateLimits } = store;
  const service = await createAuthenticationService({ registry, rateLimits, clock, config, log, onIncident });
  const { services } = service;
  const running = await serve({ name: 'test', config, log, services });
  const clients = connectTo(`127.0.0.1:${running.port}`);
  return {
    ...clients,
    refresh: () => service.refresh(),
    clock,
    store,
    incidents,
    logLines,
    storeHash: () => hashFiles(folder),
    async close() {
      clients.client.close();
      clients.admin.close();
      await running.drain();
      store.close();
      if (options.folder === undefined) rmSync(folder, { recursive: true });
    },
  };
}

export function connectTo(address: string): Pick<Bench, 'client' | 'admin'> {
  return {
    client: connect(authentication.AuthenticationServiceClient, { address }),
    admin: connect(authentication.AuthenticationAdminServiceClient, { address }),
  };
}

/** Every write goes to the write-ahead log before it is answered; reading changes neither file. */
function hashFiles(folder: string): string {
  const hash = createHash('sha256');
  for (const ending of ['', '-wal']) {
    const file = join(folder, `authentication-service.sqlite${ending}`);
    if (existsSync(file)) hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}

export function bearerOf(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** Gives the error of a call that has to fail. */
export async function failureOf(call: Promise<unknown>): Promise<CallError> {
  const answer: unknown = await call.catch((error: unknown) => error);
  if (answer instanceof CallError) return answer;
  throw new Error('the call should have failed', { cause: answer });
}

/** Shows a code. */
export function withCode(value: string): authentication.BeginEnrolmentRequest {
  return { evidence: { $case: 'enrolmentCode', value } };
}

/** Shows an ID token. */
export function withIdToken(value: string): authentication.BeginEnrolmentRequest {
  return { evidence: { $case: 'idToken', value } };
}

/** Asks for the first devices of a user. */
export function firstPage(user: string): authentication.ListDevicesRequest {
  return { user, pageSize: 0, pageToken: '' };
}

export async function newCode({ admin }: Pick<Bench, 'admin'>, userName = 'alice'): Promise<string> {
  const metadata = bearerOf(ADMIN_SECRET);
  return (await callUnary(admin, 'createEnrolmentCode', { userName }, { metadata })).enrolmentCode;
}

export async function challengeFor(
  { client }: Pick<Bench, 'client'>,
  evidence: string | authentication.BeginEnrolmentRequest,
): Promise<authentication.EnrolmentChallenge> {
  const request = typeof evidence === 'string' ? withCode(evidence) : evidence;
  const { result } = await callUnary(client, 'beginEnrolment', request);
  if (result?.$case === 'challenge') return result.value;
  throw new Error('the evidence should have been taken', { cause: result?.value.reason });
}

/** The keys of a device, and the suite that they belong to. */
export interface DeviceKeys {
  readonly suite: CipherSuite;
  readonly keys: KeyPair;
}

/** Makes the request of a device that has the challenge and the key. */
export function enrolmentRequest(
  evidence: string | authentication.BeginEnrolmentRequest,
  { challenge, domain, user }: Pick<authentication.EnrolmentChallenge, 'challenge' | 'domain' | 'user'>,
  { suite, keys }: DeviceKeys,
): authentication.CompleteEnrolmentRequest {
  const proof = { challenge, domain, user, cipherSuite: suite.id, signatureKey: keys.publicKey };
  return {
    ...(typeof evidence === 'string' ? withCode(evidence) : evidence),
    challenge,
    cipherSuite: suite.id,
    signaturePublicKey: keys.publicKey,
    signature: signEnrolmentProof(suite, keys.privateKey, proof),
    credentialTypes: [],
  };
}

export async function refusalOf(
  { client }: Pick<Bench, 'client'>,
  request: authentication.CompleteEnrolmentRequest,
): Promise<string> {
  const { result } = await callUnary(client, 'completeEnrolment', request);
  return result?.$case === 'refusal' ? result.value.reason : 'accepted';
}

/** A device with its key. */
export interface TestDevice {
  readonly suite: CipherSuite;
  readonly keys: KeyPair;
  readonly enrolled: authentication.EnrolledDevice;
  readonly request: authentication.CompleteEnrolmentRequest;
}

/** Which device is enrolled. */
export interface EnrolOptions {
  readonly userName?: string;
  readonly cipherSuite?: number;
  readonly credentialTypes?: authentication.CredentialType[];
}

/** Enrols a device of a user, from the code to the credentials. */
export async function enrol(
  bench: Pick<Bench, 'client' | 'admin'>,
  { userName = 'alice', cipherSuite = 1, credentialTypes = [] }: EnrolOptions = {},
): Promise<TestDevice> {
  const suite = getCipherSuite(cipherSuite);
  const keys = suite.signature.generateKeyPair();
  const code = await newCode(bench, userName);
  const challenge = await challengeFor(bench, code);
  const request = { ...enrolmentRequest(code, challenge, { suite, keys }), credentialTypes };
  const { result } = await callUnary(bench.client, 'completeEnrolment', request);
  if (result?.$case !== 'device') throw new Error('the device should have been enrolled', { cause: result });
  return { suite, keys, enrolled: result.value, request };
}

/** Makes a signed request for tokens. */
export async function tokenRequest(
  { client }: Pick<Bench, 'client'>,
  { suite, keys, enrolled: { device } }: Pick<TestDevice, 'suite' | 'keys' | 'enrolled'>,
  audiences: authentication.TokenAudience[] = [TokenAudience.AUTHENTICATION],
): Promise<authentication.CreateAccessTokensRequest> {
  const { challenge } = await callUnary(client, 'beginAuthentication', { device });
  const signature = signAuthenticationProof(suite, keys.privateKey, { challenge, domain: DOMAIN, device });
  return { device, challenge, signature, audiences };
}

/** Gets one token. */
export async function tokenOf(
  bench: Pick<Bench, 'client'>,
  device: TestDevice,
  audience: authentication.TokenAudience = TokenAudience.AUTHENTICATION,
): Promise<string> {
  const request = await tokenRequest(bench, device, [audience]);
  const { tokens } = await callUnary(bench.client, 'createAccessTokens', request);
  return tokens[0]?.token ?? '';
}

/** Makes a signed request for new credentials of the same key. */
export async function renewalRequest(
  { client }: Pick<Bench, 'client'>,
  { suite, keys, enrolled: { device } }: Pick<TestDevice, 'suite' | 'keys' | 'enrolled'>,
  credentialTypes: authentication.CredentialType[] = [],
): Promise<authentication.RenewCredentialRequest> {
  const { challenge } = await callUnary(client, 'beginAuthentication', { device });
  const signature = signRenewalProof(suite, keys.privateKey, { challenge, domain: DOMAIN, device });
  return { device, challenge, signature, credentialTypes };
}

/** Makes a request for another key, signed with both. */
export async function rotationRequest(
  { client }: Pick<Bench, 'client'>,
  { suite, keys, enrolled: { device } }: Pick<TestDevice, 'suite' | 'keys' | 'enrolled'>,
  next: DeviceKeys,
): Promise<authentication.RotateCredentialRequest> {
  const { challenge } = await callUnary(client, 'beginAuthentication', { device });
  const { publicKey: signatureKey } = next.keys;
  const proof = { challenge, domain: DOMAIN, device, cipherSuite: next.suite.id, signatureKey };
  return {
    device,
    challenge,
    cipherSuite: next.suite.id,
    signaturePublicKey: signatureKey,
    currentSignature: signRotationProof(suite, keys.privateKey, proof),
    signature: signRotationProof(next.suite, next.keys.privateKey, proof),
    credentialTypes: [],
    revokeCurrentKey: false,
  };
}

/** Gives the events of the audit log. */
export async function auditEvents({ store }: Pick<Bench, 'store'>): Promise<readonly AuditedEvent[]> {
  const records = await store.registry.readAudit(0n, 1_000);
  return records.map(({ entry }) => JSON.parse(Buffer.from(entry).toString()));
}

/** An event as it stands in the audit log. */
export type AuditedEvent = { readonly event: string } & Readonly<Record<string, unknown>>;
