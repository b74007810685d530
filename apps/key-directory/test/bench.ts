/**
 * A key directory in process on loopback, and devices that call it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import {
  callUnary,
  CallError,
  connect,
  directory,
  openStream,
  type RequestOf,
  type ResponseOf,
  type Stream,
} from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import type { RevocationClaims, RevocationListVerdict } from '@canopy/identity';
import { ATTESTATION_EXTENSION_TYPE, attestationExtension, deviceCredential } from '@canopy/identity';
import {
  createKeyPackage,
  encodeMessage,
  supportedCapabilities,
  WireFormat,
  type ClientIdentity,
} from '@canopy/mls';
import {
  createLogger,
  fixedKeySource,
  manualClock,
  serve,
  type Incident,
  type ManualClock,
} from '@canopy/service';
import { openSqlite } from '@canopy/storage';
import { Metadata } from '@grpc/grpc-js';
import { readDirectoryConfig } from '../src/config.ts';
import type { DirectoryStores } from '../src/directory.ts';
import { createKeyDirectory } from '../src/service.ts';
import { createAuthority, deviceOf, DOMAIN, type Authority, type TokenClaims } from './authority.ts';

export const NOW = 1_800_000_000_000;
const HOUR = 3_600n;

export type Client = directory.KeyDirectoryServiceClient;
export type Method =
  'publishKeyPackages' | 'claimKeyPackages' | 'countKeyPackages' | 'withdrawKeyPackages' | 'listConsumptions';
export type Watch = Stream<directory.WatchStockRequest, directory.WatchStockResponse>;

/** A store, and what belongs to its life. */
export interface BenchStore extends DirectoryStores {
  isHealthy(): Promise<boolean>;
  close(): void | Promise<void>;
}

/** A device with its token. */
export interface Device {
  readonly name: string;
  readonly metadata: Metadata;
  call<M extends Method>(method: M, request: RequestOf<Client[M]>): Promise<ResponseOf<Client[M]>>;
  watch(): Watch;
}

export interface Bench {
  readonly authority: Authority;
  readonly store: BenchStore;
  readonly clock: ManualClock;
  readonly client: Client;
  readonly incidents: readonly Incident[];
  device(user?: string, id?: string, claims?: TokenClaims): Promise<Device>;
  /** Hands the service the next revocation list; an empty one is there from the start. */
  revoke(claims: Partial<RevocationClaims>): Promise<RevocationListVerdict>;
  /** Hands the service a list as it is. */
  accept(jwt: string): Promise<RevocationListVerdict>;
  /** Hands the service the anchors of X.509 chains. */
  trust(anchors: readonly Uint8Array[]): void;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly path?: string;
  /** The store; SQLite by default, at the path or in memory. */
  readonly store?: BenchStore;
  readonly trustAnchors?: readonly Uint8Array[];
  /** Whether there is no revocation list from the start. */
  readonly withoutList?: true;
  readonly environment?: NodeJS.ProcessEnv;
  readonly authority?: Authority;
}

/** Starts a service with its own store. */
export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const authority = options.authority ?? (await createAuthority());
  const clock = manualClock(NOW);
  const store: BenchStore = options.store ?? openSqlite(options.path ?? ':memory:');
  const incidents: Incident[] = [];
  const log = createLogger({ service: 'key-directory', level: 'silent' });
  const config = readDirectoryConfig({
    CANOPY_DOMAIN: DOMAIN,
    CANOPY_AUTHENTICATION_SERVICE: '127.0.0.1:1',
    CANOPY_DATA: '/nowhere',
    ...options.environment,
  });
  const keys = await fixedKeySource(authority.jwksJson);
  const onIncident = (incident: Incident): void => void incidents.push(incident);
  const service = createKeyDirectory({ stores: store, clock, config, keys, log, onIncident });
  const trust = (anchors: readonly Uint8Array[]): void => service.trust({ anchors, intermediates: [] });
  if (options.trustAnchors !== undefined) trust(options.trustAnchors);
  let lists = 0;
  const revoke = async (claims: Partial<RevocationClaims>): Promise<RevocationListVerdict> => {
    lists += 1;
    return service.acceptRevocationList(await authority.list(lists, clock.now(), claims));
  };
  if (options.withoutList === undefined) await revoke({});
  const running = await serve({
    name: 'key-directory',
    config,
    services: [service.bound],
    log,
    isHealthy: () => store.isHealthy(),
    onDrain: () => service.drain(),
    onClosed: () => store.close(),
  });
  const client = connect(directory.KeyDirectoryServiceClient, { address: `127.0.0.1:${running.port}` });
  return {
    authority,
    store,
    clock,
    client,
    incidents,
    device: async (user = 'alice', id = 'device01', claims = {}) => {
      const name = deviceOf(user, id);
      const metadata = new Metadata();
      metadata.set('authorization', `Bearer ${await authority.token(name, clock.now(), claims)}`);
      return {
        name,
        metadata,
        call: (method, request) => callUnary(client, method, request, { metadata }),
        watch: () => openStream(client, 'watchStock', { metadata }),
      };
    },
    revoke,
    trust,
    accept: (jwt) => service.acceptRevocationList(jwt),
    close: async () => {
      client.close();
      await running.drain();
    },
  };
}

/** What a KeyPackage differs in from a good one. */
export interface KeyPackageOptions {
  readonly cipherSuite?: number;
  readonly notBefore?: bigint;
  readonly notAfter?: bigint;
  /** Who signs the attestation; none for a leaf without one. */
  readonly authority?: Authority | 'none';
  readonly attestedDevice?: string;
  readonly attestationMs?: number;
  /** Extension types that the leaf supports besides. */
  readonly extensions?: readonly number[];
  /** The key of the leaf; a new one by default. */
  readonly signatureKeyPair?: SignatureKeyPair;
}

export type SignatureKeyPair = ClientIdentity['signatureKeyPair'];

/** Makes a signature key for leaves of a suite. */
export function newSignatureKey(cipherSuite = 1): SignatureKeyPair {
  return getCipherSuite(cipherSuite).signature.generateKeyPair();
}

/** Makes a KeyPackage of a device with an attestation, as an encoded MLSMessage. */
export async function keyPackageOf(
  bench: Bench,
  device: string,
  options: KeyPackageOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { cipherSuite = 1, extensions = [] } = options;
  const signatureKeyPair = options.signatureKeyPair ?? newSignatureKey(cipherSuite);
  const attestation = await attestationOf(bench, device, { ...options, signatureKeyPair });
  const supported = { extensions: [ATTESTATION_EXTENSION_TYPE, ...extensions] };
  return keyPackageWith(bench, options, {
    credential: deviceCredential(device),
    signatureKeyPair,
    capabilities: supportedCapabilities([cipherSuite], supported),
    leafExtensions: attestation === undefined ? [] : [attestationExtension(attestation)],
  });
}

/** Makes a KeyPackage of any identity, as an encoded MLSMessage. */
export function keyPackageWith(
  bench: Bench,
  options: KeyPackageOptions,
  identity: ClientIdentity,
): Uint8Array<ArrayBuffer> {
  const now = BigInt(bench.clock.now() / 1000);
  const lifetime = {
    notBefore: options.notBefore ?? now - HOUR,
    notAfter: options.notAfter ?? now + 24n * HOUR,
  };
  const suite = getCipherSuite(options.cipherSuite ?? 1);
  const { keyPackage } = createKeyPackage({ suite, identity, lifetime, grease: true });
  return new Uint8Array(encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage }));
}

async function attestationOf(
  bench: Bench,
  device: string,
  options: KeyPackageOptions & { readonly signatureKeyPair: SignatureKeyPair },
): Promise<string | undefined> {
  const { cipherSuite = 1, authority = bench.authority, attestedDevice = device } = options;
  if (authority === 'none') return undefined;
  return authority.attest(attestedDevice, options.signatureKeyPair.publicKey, {
    cipherSuite,
    nowMs: bench.clock.now(),
    ...(options.attestationMs !== undefined && { lifetimeMs: options.attestationMs }),
  });
}

/** Publishes fresh KeyPackages of a device and gives their bytes. */
export async function stock(
  bench: Bench,
  device: Device,
  count: number,
  options: KeyPackageOptions & { readonly lastResort?: boolean } = {},
): Promise<readonly Uint8Array[]> {
  const { lastResort = false, ...others } = options;
  const made = await Promise.all(
    Array.from({ length: count }, () => keyPackageOf(bench, device.name, others)),
  );
  const { results } = await device.call('publishKeyPackages', {
    keyPackages: made.map((keyPackage) => ({ keyPackage, lastResort })),
  });
  if (results.some(({ result }) => result?.$case !== 'stored')) {
    throw new Error(`not all were stored: ${JSON.stringify(results)}`);
  }
  return made;
}

/** Waits for a call to fail, and gives the failure. */
export async function failureOf(work: Promise<unknown>): Promise<CallError> {
  const error: unknown = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof CallError)) throw new Error('the call should have failed', { cause: error });
  return error;
}

/** A claim of nobody, to be completed. */
export function claimFrom(
  options: Partial<directory.ClaimKeyPackagesRequest>,
): directory.ClaimKeyPackagesRequest {
  const nobody = { users: [], devices: [], cipherSuite: 1, requiredCapabilities: undefined };
  return { requestId: randomBytes(16), ...nobody, ...options };
}

/** What a device had to give, in a word: the bytes in hexadecimal, or the reason for nothing. */
export function wordOf({ result }: directory.DeviceClaim): string {
  if (result === undefined) return 'no result';
  if (result.$case === 'claimed') return Buffer.from(result.value.keyPackage).toString('hex');
  return result.value.reason.replace('NOTHING_TO_CLAIM_REASON_', '');
}
