import { mkdtempSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readServiceError } from '@canopy/contract';
import { Metadata, type ServiceError as GrpcError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority, deviceOf, type TokenClaims } from './authority.ts';
import {
  claimFrom,
  failureOf,
  keyPackageOf,
  NOW,
  startBench,
  stock,
  type Bench,
  type Device,
} from './bench.ts';

let bench: Bench;
let alice: Device;

beforeEach(async () => {
  bench = await startBench();
  alice = await bench.device();
  await stock(bench, alice, 1);
});

/** After whatever was sent: nothing is stored, nobody was surprised, and the service goes on. */
afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  expect((await alice.call('countKeyPackages', {})).counts).toEqual([
    { cipherSuite: 1, singleUse: 1, lastResort: false, lastResortUses: 0 },
  ]);
  await bench.close();
});

const METHODS = [
  'PublishKeyPackages',
  'ClaimKeyPackages',
  'CountKeyPackages',
  'WithdrawKeyPackages',
  'ListConsumptions',
];

/** Sends bytes as they are, as no generated client would. */
function sendRaw(method: string, bytes: Buffer, metadata = alice.metadata): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  bench.client.makeUnaryRequest(
    `/canopy.directory.v1.KeyDirectoryService/${method}`,
    (raw: Buffer) => raw,
    (raw) => raw,
    bytes,
    metadata,
    { deadline: Date.now() + 10_000 },
    (error: GrpcError | null, response?: Buffer) =>
      error === null ? resolve(response) : reject(readServiceError(error)),
  );
  return promise;
}

function token(claims: TokenClaims): Promise<string> {
  return bench.authority.token(deviceOf('alice'), NOW, claims);
}

describe('a token', () => {
  it.each<[string, () => Promise<string | undefined>]>([
    ['TOKEN_MISSING', () => Promise.resolve(undefined)],
    ['TOKEN_MALFORMED', () => Promise.resolve('noise')],
    ['TOKEN_EXPIRED', () => token({ expiresAtMs: NOW - 1_000 })],
    ['TOKEN_WRONG_AUDIENCE', () => token({ audience: 'canopy-delivery' })],
    ['TOKEN_WRONG_ISSUER', () => token({ issuer: 'example.org' })],
    ['TOKEN_BAD_SIGNATURE', async () => (await createAuthority()).token(deviceOf('alice'), NOW)],
  ])('with the fault %s opens no call', async (reason, make) => {
    const made = await make();
    const metadata = new Metadata();
    if (made !== undefined) metadata.set('authorization', `Bearer ${made}`);
    for (const method of METHODS) {
      const failure = await failureOf(sendRaw(method, Buffer.alloc(0), metadata));
      expect([failure.code, failure.reason]).toEqual(['UNAUTHENTICATED', reason]);
    }
  });
});

/** Opens a stream and sends bytes as they are; gives how it ends. */
function streamRaw(bytes: Buffer, metadata = alice.metadata): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const call = bench.client.makeBidiStreamRequest(
    '/canopy.directory.v1.KeyDirectoryService/WatchStock',
    (raw: Buffer) => raw,
    (raw) => raw,
    metadata,
    { deadline: Date.now() + 10_000 },
  );
  call.on('data', () => {});
  call.on('end', resolve);
  call.on('error', (error) => reject(readServiceError(error)));
  call.write(bytes);
  return promise;
}

describe('a stream about the stock', () => {
  it.each(['0a05', '0aff', '08', '0b', '0200', '0a020a05'])(
    'that says %s, which is no protobuf, is refused',
    async (hex) => {
      const failure = await failureOf(streamRaw(Buffer.from(hex, 'hex')));
      expect(failure.code).toBe('INVALID_ARGUMENT');
      expect(failure.fieldViolations).toEqual([{ field: 'request', description: 'is not valid protobuf' }]);
    },
  );

  it('that says nothing in a message is refused, with the field that is missing', async () => {
    const failure = await failureOf(streamRaw(Buffer.alloc(0)));
    expect([failure.code, failure.fieldViolations[0]?.field]).toEqual(['INVALID_ARGUMENT', 'request']);
  });

  it('that has no token, or one for another service, is not opened', async () => {
    const metadata = new Metadata();
    expect((await failureOf(streamRaw(Buffer.alloc(0), metadata))).reason).toBe('TOKEN_MISSING');
    metadata.set('authorization', `Bearer ${await token({ audience: 'canopy-delivery' })}`);
    expect((await failureOf(streamRaw(Buffer.alloc(0), metadata))).reason).toBe('TOKEN_WRONG_AUDIENCE');
  });
});

describe('a request', () => {
  it.each([
    ['PublishKeyPackages', 'key_packages'],
    ['ClaimKeyPackages', 'request_id'],
  ])('that is empty: %s names %s', async (method, field) => {
    const failure = await failureOf(sendRaw(method, Buffer.alloc(0)));
    expect(failure.code).toBe('INVALID_ARGUMENT');
    expect(failure.fieldViolations.map((violation) => violation.field)).toEqual([field]);
  });

  it.each(METHODS)('that is no protobuf is refused by %s, which names it', async (method) => {
    for (const hex of ['0a05', '0aff', '08', '0b', '0200']) {
      const failure = await failureOf(sendRaw(method, Buffer.from(hex, 'hex')));
      expect(failure.code).toBe('INVALID_ARGUMENT');
      expect(failure.fieldViolations).toEqual([{ field: 'request', description: 'is not valid protobuf' }]);
    }
  });

  it('that is larger than the service takes is refused with RESOURCE_EXHAUSTED', async () => {
    const keyPackages = [{ keyPackage: randomBytes(5 * 1024 * 1024), lastResort: false }];
    expect((await failureOf(alice.call('publishKeyPackages', { keyPackages }))).code).toBe(
      'RESOURCE_EXHAUSTED',
    );
  });

  it('for a store that is away is answered UNAVAILABLE, not with an incident', async () => {
    const other = await startBench();
    const device = await other.device();
    const keyPackage = await keyPackageOf(other, device.name);
    await other.store.close();
    const keyPackages = [{ keyPackage, lastResort: false }];
    expect((await failureOf(device.call('publishKeyPackages', { keyPackages }))).code).toBe('UNAVAILABLE');
    const requests = [
      device.call('countKeyPackages', {}),
      device.call('claimKeyPackages', claimFrom({ devices: [device.name] })),
      device.call('withdrawKeyPackages', { keepSignatureKey: new Uint8Array() }),
      device.call('listConsumptions', { afterSequence: 0n, pageSize: 0 }),
    ];
    for (const request of requests) expect((await failureOf(request)).code).toBe('UNAVAILABLE');
    expect(other.incidents).toEqual([]);
    await other.close();
  });
});

describe('a new start', () => {
  it('has the stock of before, and remembers what was handed out and to whom', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'key-directory-'));
    const options = { path: join(folder, 'store.sqlite'), authority: bench.authority };
    const before = await startBench(options);
    const bobBefore = await before.device('bob');
    await stock(before, await before.device('alice'), 2);
    const request = claimFrom({ devices: [alice.name] });
    const first = await bobBefore.call('claimKeyPackages', request);
    await before.close();
    const after = await startBench(options);
    const bob = await after.device('bob');
    expect(await bob.call('claimKeyPackages', request)).toEqual(first);
    const second = await bob.call('claimKeyPackages', { ...request, requestId: randomBytes(16) });
    expect(second.devices[0]?.result).toMatchObject({ $case: 'claimed' });
    expect(second).not.toEqual(first);
    await after.close();
    rmSync(folder, { recursive: true });
  });
});
