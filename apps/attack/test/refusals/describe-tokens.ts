/**
 * Access tokens that must not work, against every call of the three services.
 *
 * @module
 */
import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callUnary, directory, readServiceError } from '@canopy/contract';
import { Metadata, type Client } from '@grpc/grpc-js';
import { Deployment } from '../../src/deployment/deployment.ts';
import { SERVICES, ServiceProcess, type ServiceName } from '../../src/deployment/service-process.ts';
import { loadContracts, type Rpc } from '../../src/malformed/descriptors.ts';
import { callRaw, openRawClient } from '../../src/malformed/raw-calls.ts';
import { startStore, type AttackedStore, type StoreKind } from '../../src/deployment/store.ts';
import type { StoreDump } from '../../src/malformed/store-dump.ts';
import { bearer, createTokens, enrolDevice, makeKeyPackage, type Device } from '../../src/parties/device.ts';
import { furnish } from '../../src/parties/furnish.ts';
import { closeStubs, openStubs, replicaOf, type Stubs } from '../../src/parties/stubs.ts';

/** The calls by which one gets what the others ask for. */
const ANONYMOUS: Readonly<Record<string, string>> = {
  'AuthenticationService/BeginEnrolment': 'shows an enrolment code or an ID token',
  'AuthenticationService/CompleteEnrolment': 'shows the same, and a signature',
  'AuthenticationService/BeginAuthentication': 'gives a challenge for any name',
  'AuthenticationService/CreateAccessTokens': 'shows a signed challenge',
  'AuthenticationService/RenewCredential': 'shows a signed challenge',
  'AuthenticationService/RotateCredential': 'shows a challenge signed with two keys',
  'AuthenticationService/GetJwks': 'public keys',
  'AuthenticationService/GetRevocationList': 'a signed list',
  'AuthenticationService/GetTrustAnchors': 'public certificates',
};

const PACKAGES: Readonly<Record<string, ServiceName>> = {
  'canopy.authentication.v1': 'authentication-service',
  'canopy.directory.v1': 'key-directory',
  'canopy.delivery.v1': 'delivery-service',
};

const rpcs = loadContracts().rpcs.map((rpc) => ({
  ...rpc,
  name: `${rpc.service.split('.').at(-1)}/${rpc.method}`,
}));
const guarded = rpcs.filter(({ name }) => !(name in ANONYMOUS));

function toText(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}

function parse(text: string): object {
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
}

function parts(token: string): readonly [header: object, payload: object, signature: string] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [parse(header), parse(payload), signature];
}

/** The token that a call would take, as far as it is one of a service. */
function good({ service }: Rpc, tokens: Device['tokens']): string {
  if (service.startsWith('canopy.directory.')) return tokens.directory;
  return service.startsWith('canopy.delivery.') ? tokens.delivery : tokens.authentication;
}

/** Defines the tests, on one store. */
export function describeTokens(kind: StoreKind): void {
  let store: AttackedStore;
  let deployment: Deployment;
  let stubs: Stubs;
  let alice: Device;
  let bob: Device;
  let hasty: ServiceProcess;
  let expired: Device['tokens'];
  let clients: ReadonlyMap<ServiceName, Client>;
  let before: readonly StoreDump[];

  beforeAll(async () => {
    store = await startStore(kind);
    deployment = await Deployment.start({ replicas: 1, settings: store.settings });
    stubs = openStubs(deployment);
    alice = await enrolDevice(stubs, deployment.adminSecret, 'alice');
    bob = await enrolDevice(stubs, deployment.adminSecret, 'bob');
    await furnish(stubs, alice, new Uint8Array(randomBytes(16)));
    clients = new Map(SERVICES.map((name) => [name, openRawClient(deployment.addresses(name)[0] ?? '')]));
    // A second replica of the same Authentication Service, with the same keys, whose tokens last a second.
    hasty = deployment.extraReplica('authentication-service', {
      ...store.settings,
      CANOPY_TOKEN_LIFETIME: '1s',
    });
    await hasty.start();
    const hurried = openStubs({ addresses: (name) => (name === hasty.name ? [hasty.address] : []) });
    expired = await createTokens(hurried, alice.device, alice.keys);
    closeStubs(hurried);
    await mailboxesAreSettled();
    before = await dumpAll();
  }, 120_000);

  afterAll(async () => {
    for (const client of clients.values()) client.close();
    closeStubs(stubs);
    await hasty.kill();
    await deployment.stop();
    await store.stop();
  }, 30_000);

  function dumpAll(): Promise<readonly StoreDump[]> {
    return Promise.all(SERVICES.map((name) => store.dump(deployment, name)));
  }

  async function mailboxesAreSettled(): Promise<void> {
    for (let entries = 0; entries === 0;) {
      const request = { afterSequence: 0n, limit: 0 };
      const options = { metadata: bearer(alice.tokens.delivery) };
      ({ length: entries } = (
        await callUnary(replicaOf(stubs.delivery), 'readMailbox', request, options)
      ).entries);
    }
  }

  function clientOf({ service }: Rpc): Client {
    const name = PACKAGES[service.slice(0, service.lastIndexOf('.'))];
    const client = name === undefined ? undefined : clients.get(name);
    if (client === undefined) throw new Error(`nobody serves ${service}`);
    return client;
  }

  /** Tokens that must not work, made from the one that would. */
  const tokens: Readonly<Record<string, (rpc: Rpc) => string | undefined>> = {
    'no token': () => undefined,
    noise: () => 'noise',
    'an empty one': () => '',
    'an expired one': (rpc) => good(rpc, expired),
    'one for another service': ({ service }) =>
      service.startsWith('canopy.delivery.') ? alice.tokens.directory : alice.tokens.delivery,
    'one of another device, its name changed': (rpc) => {
      const [header, payload, signature] = parts(good(rpc, bob.tokens));
      return `${toText(header)}.${toText({ ...payload, sub: alice.device })}.${signature}`;
    },
    'one that says it needs no signature': (rpc) => {
      const [header, payload] = parts(good(rpc, alice.tokens));
      return `${toText({ ...header, alg: 'none' })}.${toText(payload)}.`;
    },
    'one signed with a secret that is no secret': (rpc) => {
      const [header, payload] = parts(good(rpc, alice.tokens));
      const input = `${toText({ ...header, alg: 'HS256' })}.${toText(payload)}`;
      return `${input}.${createHmac('sha256', 'public').update(input).digest('base64url')}`;
    },
    'one signed by somebody else': (rpc) => {
      const [header, payload] = parts(good(rpc, alice.tokens));
      const input = `${toText(header)}.${toText(payload)}`;
      return `${input}.${sign(null, Buffer.from(input), generateKeyPairSync('ed25519').privateKey).toString('base64url')}`;
    },
    'one that is far too long': (rpc) => `${good(rpc, alice.tokens)}${'A'.repeat(6_000)}`,
    'an attestation instead of a token': () => alice.attestation,
  };

  describe('invariant 4: an access token that is not good opens no call', () => {
    it('leaves no call but those that hand out the means without a token', () => {
      const names = new Set(rpcs.map(({ name }) => name));
      expect(Object.keys(ANONYMOUS).filter((name) => !names.has(name))).toEqual([]);
      expect(guarded.length + Object.keys(ANONYMOUS).length).toBe(rpcs.length);
    });

    it('waits until the short-lived token has expired', async () => {
      const rpc = guarded.find(({ name }) => name === 'KeyDirectoryService/CountKeyPackages');
      if (rpc === undefined) throw new Error('no such call');
      const deadline = Date.now() + 30_000;
      for (let reason = ''; reason !== 'TOKEN_EXPIRED';) {
        ({ reason } = await callRaw(clientOf(rpc), rpc, bearer(good(rpc, expired)), Buffer.alloc(0)));
        if (Date.now() > deadline) throw new Error(`it still works, or else: ${reason}`);
        await pause(100);
      }
    });

    describe.each(Object.entries(tokens))('%s', (_, make) => {
      it.each(guarded.map((rpc) => [rpc.name, rpc] as const))('is refused by %s', async (__, rpc) => {
        const token = make(rpc);
        const metadata = token === undefined ? new Metadata() : bearer(token);
        const { code, reason } = await callRaw(clientOf(rpc), rpc, metadata, Buffer.alloc(0));
        expect({ code, isTyped: reason !== '' }).toEqual({ code: 'UNAUTHENTICATED', isTyped: true });
      });
    });

    it('changes nothing in the stores, whatever was tried', async () => {
      expect(await dumpAll()).toEqual(before);
    });
  });

  /** Tries to revoke a device with Bob's token, and says how that fails. */
  async function revoke(device: string): Promise<{ readonly code: string; readonly reason: string }> {
    const options = { metadata: bearer(bob.tokens.authentication) };
    try {
      const { result } = await callUnary(
        replicaOf(stubs.authentication),
        'revokeDevice',
        { device },
        options,
      );
      return { code: 'OK', reason: result?.$case ?? 'nothing' };
    } catch (error) {
      const { code, reason } = readServiceError(error);
      return { code, reason };
    }
  }

  describe('invariant 4: a good token of another device', () => {
    it('publishes no KeyPackage of its owner’s neighbour', async () => {
      const keyPackages = [{ keyPackage: makeKeyPackage(alice), lastResort: false }];
      const options = { metadata: bearer(bob.tokens.directory) };
      const { results } = await callUnary(
        replicaOf(stubs.directory),
        'publishKeyPackages',
        { keyPackages },
        options,
      );
      expect(results.map(({ result }) => result)).toMatchObject([
        { $case: 'rejected', value: { reason: directory.KeyPackageRejectionReason.WRONG_DEVICE } },
      ]);
    });

    it('revokes no device of another user, and is not told whether there is one', async () => {
      const existing = await revoke(alice.device);
      expect(existing).toEqual({ code: 'PERMISSION_DENIED', reason: 'OTHER_USER' });
      expect(await revoke(`${alice.device}x`)).toEqual(existing);
      // Alice is still who she was.
      expect(await createTokens(stubs, alice.device, alice.keys)).toMatchObject({
        delivery: expect.any(String),
      });
    });

    it('reads and empties its own mailbox only', async () => {
      const options = { metadata: bearer(bob.tokens.delivery) };
      const request = { afterSequence: 0n, limit: 0 };
      expect((await callUnary(replicaOf(stubs.delivery), 'readMailbox', request, options)).entries).toEqual(
        [],
      );
      await callUnary(replicaOf(stubs.delivery), 'acknowledgeMailbox', { upToSequence: 1_000n }, options);
      const own = { metadata: bearer(alice.tokens.delivery) };
      expect((await callUnary(replicaOf(stubs.delivery), 'readMailbox', request, own)).entries).toHaveLength(
        1,
      );
    });

    it('counts its own stock only', async () => {
      const options = { metadata: bearer(bob.tokens.directory) };
      expect((await callUnary(replicaOf(stubs.directory), 'countKeyPackages', {}, options)).counts).toEqual(
        [],
      );
    });
  });
}
