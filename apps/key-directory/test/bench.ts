/**
 * A key directory in process on loopback, and devices that call it.
 *
 * @module
 */
import { callUnary, CallError, connect, directory, type RequestOf, type ResponseOf } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { ATTESTATION_EXTENSION_TYPE, attestationExtension, deviceCredential } from '@canopy/identity';
import { createKeyPackage, encodeMessage, supportedCapabilities, WireFormat } from '@canopy/mls';
import {
  createLogger,
  fixedKeySource,
  manualClock,
  serve,
  type Incident,
  type ManualClock,
} from '@canopy/service';
import { openSqlite, type SqliteStore } from '@canopy/storage';
import { Metadata } from '@grpc/grpc-js';
import { readDirectoryConfig } from '../src/config.ts';
import { createKeyDirectory } from '../src/service.ts';
import { createAuthority, deviceOf, DOMAIN, type Authority, type TokenClaims } from './authority.ts';

export const NOW = 1_800_000_000_000;
const HOUR = 3_600n;

export type Client = directory.KeyDirectoryServiceClient;
export type Method = 'publishKeyPackages' | 'claimKeyPackages' | 'countKeyPackages';

/** A device with its token. */
export interface Device {
  readonly name: string;
  readonly metadata: Metadata;
  call<M extends Method>(method: M, request: RequestOf<Client[M]>): Promise<ResponseOf<Client[M]>>;
}

export interface Bench {
  readonly authority: Authority;
  readonly store: SqliteStore;
  readonly clock: ManualClock;
  readonly client: Client;
  readonly incidents: readonly Incident[];
  device(user?: string, id?: string, claims?: TokenClaims): Promise<Device>;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly path?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly authority?: Authority;
}

/** Starts a service with its own store. */
export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const authority = options.authority ?? (await createAuthority());
  const clock = manualClock(NOW);
  const store = openSqlite(options.path ?? ':memory:');
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
  const bound = createKeyDirectory({ stores: store, clock, config, keys, log, onIncident });
  const running = await serve({
    name: 'key-directory',
    config,
    services: [bound],
    log,
    isHealthy: () => store.isHealthy(),
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
      return { name, metadata, call: (method, request) => callUnary(client, method, request, { metadata }) };
    },
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
}

/** Makes a KeyPackage of a device, as an encoded MLSMessage. */
export async function keyPackageOf(
  bench: Bench,
  device: string,
  options: KeyPackageOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { cipherSuite = 1, authority = bench.authority, attestedDevice = device } = options;
  const suite = getCipherSuite(cipherSuite);
  const signatureKeyPair = suite.signature.generateKeyPair();
  const nowMs = bench.clock.now();
  const leafExtensions =
    authority === 'none'
      ? []
      : [
          attestationExtension(
            await authority.attest(attestedDevice, signatureKeyPair.publicKey, { cipherSuite, nowMs }),
          ),
        ];
  const capabilities = supportedCapabilities([cipherSuite], { extensions: [ATTESTATION_EXTENSION_TYPE] });
  const now = BigInt(nowMs / 1000);
  const lifetime = {
    notBefore: options.notBefore ?? now - HOUR,
    notAfter: options.notAfter ?? now + 24n * HOUR,
  };
  const { keyPackage } = createKeyPackage({
    suite,
    identity: { credential: deviceCredential(device), signatureKeyPair, capabilities, leafExtensions },
    lifetime,
    grease: true,
  });
  return new Uint8Array(encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage }));
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
