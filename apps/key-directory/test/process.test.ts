import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { authentication, callUnary, connect, directory, openStream } from '@canopy/contract';
import { issueAuthorityCertificate, selfIssuer } from '@canopy/identity';
import {
  anonymous,
  bindService,
  createLogger,
  readConfig,
  serve,
  serverSettings,
  unary,
  type RunningService,
} from '@canopy/service';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createAuthority, deviceOf, DOMAIN, type Authority } from './authority.ts';
import { wordOf } from './bench.ts';

let folder: string;
let authority: Authority;
let list: Listing;
let keys: RunningService;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'key-directory-'));
  authority = await createAuthority();
  list = new Listing(await authority.list(1, Date.now()));
  keys = await serveKeys(authority);
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await keys.drain();
  rmSync(folder, { recursive: true });
});

/** The revocation list that the authority has, and who asks for it. */
class Listing {
  #jwt: string;
  #number = 1n;
  readonly #asking = new Set<() => void>();

  constructor(jwt: string) {
    this.#jwt = jwt;
  }

  publish(number: bigint, jwt: string): void {
    this.#number = number;
    this.#jwt = jwt;
  }

  answer({ knownNumber }: authentication.GetRevocationListRequest): authentication.GetRevocationListResponse {
    for (const heard of this.#asking) heard();
    return knownNumber === this.#number
      ? { result: { $case: 'unchanged', value: {} } }
      : { result: { $case: 'list', value: { number: this.#number, jwt: this.#jwt } } };
  }

  /** Waits until somebody asks. */
  async asked(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asking.add(resolve);
    await promise;
    this.#asking.delete(resolve);
  }
}

/** A root that chains may end at. */
function trusted(): authentication.TrustAnchors {
  const { privateKey } = generateKeyPairSync('ed25519');
  const notBefore = BigInt(Math.floor(Date.now() / 1000));
  const notAfter = notBefore + 86_400n;
  const root = {
    commonName: 'Root',
    pathLength: 1,
    publicKey: createPublicKey(privateKey),
    notBefore,
    notAfter,
  };
  const { der } = issueAuthorityCertificate(selfIssuer('Root', privateKey, notAfter), root);
  return { version: 1n, domain: DOMAIN, anchors: [new Uint8Array(der)], intermediates: [] };
}

/** Serves the keys, the revocation list and the trust anchors of an authority on loopback, and nothing else. */
function serveKeys({ jwksJson }: Authority): Promise<RunningService> {
  const log = createLogger({ service: 'authority', level: 'silent' });
  const calls = { authenticate: anonymous, log };
  const refuse = unary(calls, () => Promise.reject(new Error('not part of this')));
  const service = bindService(authentication.AuthenticationServiceService, {
    beginEnrolment: refuse,
    completeEnrolment: refuse,
    beginAuthentication: refuse,
    createAccessTokens: refuse,
    renewCredential: refuse,
    rotateCredential: refuse,
    listDevices: refuse,
    revokeDevice: refuse,
    getRevocationList: unary(calls, (request) => Promise.resolve(list.answer(request))),
    getTrustAnchors: unary(calls, () => Promise.resolve({ result: { $case: 'anchors', value: trusted() } })),
    getJwks: unary(calls, () => Promise.resolve({ domain: DOMAIN, jwksJson })),
  });
  return serve({ name: 'authority', config: readConfig(serverSettings, {}), services: [service], log });
}

/** Starts the service as an operator does, and waits until it listens, has the revocation list and the trust anchors. */
async function startProcess(): Promise<{ port: number; exit: Promise<unknown[]> }> {
  const awaited = new Set(['listening', 'revocation-list', 'trust-anchors']);
  let listening = 0;
  const started = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: {
      ...process.env,
      CANOPY_DOMAIN: DOMAIN,
      CANOPY_AUTHENTICATION_SERVICE: `127.0.0.1:${keys.port}`,
      CANOPY_DATA: folder,
      CANOPY_EXIT_WITH_PARENT: '1',
      CANOPY_REVOCATION_INTERVAL: '100ms',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child = started;
  const exit = once(started, 'exit');
  for await (const line of createInterface(started.stdout)) {
    const { event, port }: { event?: string; port?: number } = JSON.parse(line);
    awaited.delete(event ?? '');
    if (event === 'listening' && port !== undefined) listening = port;
    if (awaited.size === 0) {
      started.stdout.resume();
      return { port: listening, exit };
    }
  }
  throw new Error('the service has ended');
}

/** Asks grpc.health.v1 for a service by its name; a response is one field with one number, 1 for SERVING. */
function healthOf(client: directory.KeyDirectoryServiceClient, name: string): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  client.makeUnaryRequest<Buffer, Buffer>(
    '/grpc.health.v1.Health/Check',
    (bytes) => bytes,
    (bytes) => bytes,
    Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]),
    (error, response) => (error === null ? resolve(response) : reject(error)),
  );
  return promise;
}

it('serves as a process, with keys from the authentication service, until SIGTERM', async () => {
  const { port, exit } = await startProcess();
  const client = connect(directory.KeyDirectoryServiceClient, { address: `127.0.0.1:${port}` });
  expect(await healthOf(client, 'canopy.directory.v1.KeyDirectoryService')).toEqual(Buffer.from([0x08, 1]));
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${await authority.token(deviceOf('alice'), Date.now())}`);
  expect(await callUnary(client, 'countKeyPackages', {}, { metadata })).toEqual({ counts: [] });
  child?.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  client.close();
});

async function metadataOf(user: string): Promise<Metadata> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${await authority.token(deviceOf(user), Date.now())}`);
  return metadata;
}

it('obeys a list within one look at it: who is revoked is refused, and has no stock for anybody', async () => {
  const asked = list.asked();
  const { port } = await startProcess();
  await asked;
  // The answer to the first look was taken before the second one.
  await list.asked();
  const client = connect(directory.KeyDirectoryServiceClient, { address: `127.0.0.1:${port}` });
  const [alice, bob] = [await metadataOf('alice'), await metadataOf('bob')];
  const names = { users: [], devices: [deviceOf('alice')], cipherSuite: 1, requiredCapabilities: undefined };
  const claim = async (): Promise<string> => {
    const request = { requestId: randomBytes(16), ...names };
    const { devices } = await callUnary(client, 'claimKeyPackages', request, { metadata: bob });
    return devices.map(wordOf).join();
  };
  expect(await claim()).toBe('UNKNOWN_DEVICE');
  expect(await callUnary(client, 'countKeyPackages', {}, { metadata: alice })).toEqual({ counts: [] });
  list.publish(2n, await authority.list(2, Date.now(), { devices: [deviceOf('alice')] }));
  await list.asked();
  await list.asked();
  expect(await claim()).toBe('REVOKED');
  await expect(callUnary(client, 'countKeyPackages', {}, { metadata: alice })).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    reason: 'DEVICE_REVOKED',
  });
  client.close();
});

it('tells the streams about the stock to go elsewhere on SIGTERM, and ends', async () => {
  const { port, exit } = await startProcess();
  const client = connect(directory.KeyDirectoryServiceClient, { address: `127.0.0.1:${port}` });
  const watch = openStream(client, 'watchStock', { metadata: await metadataOf('alice') });
  await watch.send({ request: { $case: 'marks', value: { marks: [{ cipherSuite: 1, singleUse: 1 }] } } });
  const seen: (string | undefined)[] = [];
  for await (const { response } of watch.responses) {
    seen.push(response?.$case);
    if (response?.$case === 'levels') child?.kill('SIGTERM');
  }
  expect(seen).toEqual(['levels', 'draining']);
  expect(await exit).toEqual([0, null]);
  client.close();
});
