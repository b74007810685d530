/**
 * Malformed input over every call of a service: defined once, run for each service.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callUnary } from '@canopy/contract';
import type { Client, Metadata } from '@grpc/grpc-js';
import { Choices } from '../../src/choices.ts';
import { Deployment } from '../../src/deployment/deployment.ts';
import type { ServiceName } from '../../src/deployment/service-process.ts';
import type { GroupView } from '../../src/history/group-view.ts';
import { attackRpc, type Tally } from '../../src/malformed/attack-rpc.ts';
import { loadContracts, type Rpc } from '../../src/malformed/descriptors.ts';
import { Envelopes } from '../../src/malformed/envelopes.ts';
import { Generator } from '../../src/malformed/generator.ts';
import { openRawClient } from '../../src/malformed/raw-calls.ts';
import type { StoreDump } from '../../src/malformed/store-dump.ts';
import { startStore, type AttackedStore, type StoreKind } from '../../src/deployment/store.ts';
import { createGroup } from '../../src/parties/create-group.ts';
import { furnish } from '../../src/parties/furnish.ts';
import { bearer, enrolDevice, type Device } from '../../src/parties/device.ts';
import { closeStubs, openStubs, replicaOf, type Stubs } from '../../src/parties/stubs.ts';

const REQUESTS = Number(process.env['CANOPY_ATTACK_REQUESTS'] ?? 2_000);
/** What an answer may take on a machine that is busy; the services’ own deadline is 30 s. */
const SLOWEST_MS = 10_000;

/** A service with what its calls need. */
export interface AttackedService {
  readonly name: ServiceName;
  /** The proto packages whose calls it serves. */
  readonly protoPackage: string;
  readonly tokenFor: (rpc: Rpc, device: Device, deployment: Deployment) => string;
}

/** Which store is attacked, and how often each call. */
export interface DescribeOptions {
  readonly kind?: StoreKind;
  readonly requestsOfRpc?: number;
}

const contracts = loadContracts();

/** Defines the tests of one service. */
export function describeService(
  { name, protoPackage, tokenFor }: AttackedService,
  { kind = 'sqlite', requestsOfRpc = REQUESTS }: DescribeOptions = {},
): void {
  const rpcs = contracts.rpcs.filter(({ service }) => service.startsWith(`${protoPackage}.`));
  const tallies = new Map<string, Tally>();
  let store: AttackedStore;
  let deployment: Deployment;
  let stubs: Stubs;
  let owner: Device;
  let device: Device;
  let view: GroupView;
  let client: Client;
  let before: StoreDump;

  beforeAll(async () => {
    store = await startStore(kind);
    deployment = await Deployment.start({ replicas: 1, settings: store.settings });
    stubs = openStubs(deployment);
    device = await enrolDevice(stubs, deployment.adminSecret, 'mallory');
    // Of somebody else: what is one's own may be withdrawn and acknowledged.
    owner = await enrolDevice(stubs, deployment.adminSecret, 'alice');
    view = await furnish(stubs, owner, new Uint8Array(randomBytes(16)));
    await mailboxOf(owner);
    const [address = ''] = deployment.addresses(name);
    client = openRawClient(address);
    before = await store.dump(deployment, name);
  }, 120_000);

  afterAll(async () => {
    client.close();
    closeStubs(stubs);
    await deployment.stop();
    await store.stop();
  }, 30_000);

  /** Waits until the Welcome has reached the mailbox: it goes there by itself, after its commit was answered. */
  async function mailboxOf({ tokens }: Device): Promise<void> {
    const options = { metadata: bearer(tokens.delivery) };
    const deadline = Date.now() + 20_000;
    while (Date.now() < deadline) {
      const request = { afterSequence: 0n, limit: 0 };
      const { entries } = await callUnary(replicaOf(stubs.delivery), 'readMailbox', request, options);
      if (entries.length > 0) return;
      await pause(50);
    }
    throw new Error('the Welcome does not reach its mailbox');
  }

  async function attack(rpc: Rpc): Promise<Tally> {
    const choices = new Choices(Buffer.from(rpc.path).reduce((seed, byte) => (seed * 31 + byte) >>> 0, 1));
    const generator = new Generator(contracts, choices);
    const envelopes = new Envelopes(view, device, choices);
    const next = (): Buffer =>
      (choices.chance(50) ? envelopes.make(rpc) : undefined) ?? generator.request(rpc.request);
    const metadata: Metadata = bearer(tokenFor(rpc, device, deployment));
    const tally = await attackRpc({ client, rpc, metadata, count: requestsOfRpc, next });
    tallies.set(rpc.path, tally);
    return tally;
  }

  describe(`invariant 6: malformed input over every call of ${protoPackage}, on ${kind}`, () => {
    it.each(rpcs.map((rpc) => [rpc.path, rpc] as const))(
      '%s answers with a typed error or a value, in time',
      async (_, rpc) => {
        const { faults, slowestMs, endings, requests } = await attack(rpc);
        expect(faults).toEqual([]);
        expect(slowestMs).toBeLessThan(SLOWEST_MS);
        expect([...endings.values()].reduce((sum, count) => sum + count, 0)).toBe(requests);
      },
      90_000,
    );

    it('has sent as much as was asked for', () => {
      const slowest = Math.max(...[...tallies.values()].map(({ slowestMs }) => slowestMs));
      const total = [...tallies.values()].reduce((sum, { requests }) => sum + requests, 0);
      expect(total).toBe(requestsOfRpc * rpcs.length);
      process.stdout.write(
        `${name}: ${total} requests over ${rpcs.length} calls, slowest ${slowest.toFixed(0)} ms\n`,
      );
    });

    it('has an envelope for each call that needs a proof', () => {
      const envelopes = new Envelopes(view, device, new Choices(1));
      const needy = rpcs.filter(({ request }) => request.fields.some((field) => field.name === 'proof'));
      expect(needy.filter((rpc) => !envelopes.has(rpc)).map(({ path }) => path)).toEqual([]);
    });

    it('reaches what is behind the first check, and is not only limited', () => {
      for (const { path, endings, requests } of tallies.values()) {
        const limited = [...endings].filter(([ending]) =>
          /^(RESOURCE_EXHAUSTED|UNAUTHENTICATED)/.test(ending),
        );
        const count = limited.reduce((sum, [, times]) => sum + times, 0);
        expect({ path, mostly: count > requests / 2 ? limited : 'heard' }).toEqual({ path, mostly: 'heard' });
      }
    });

    it('changes nothing in the store', async () => {
      expect(await store.dump(deployment, name)).toEqual(before);
    });

    it('leaves the service alive and well', async () => {
      for (const replica of deployment.replicas(name)) {
        const { isRunning, crashes, incidents, complaints } = replica;
        expect({ isRunning, crashes, incidents, complaints }).toEqual({
          isRunning: true,
          crashes: 0,
          incidents: 0,
          complaints: [],
        });
      }
      // A good request of the same caller is taken as ever.
      const again = await enrolDevice(stubs, deployment.adminSecret, 'mallory');
      await createGroup(stubs, device, new Uint8Array(randomBytes(16)));
      const options = { metadata: bearer(again.tokens.directory) };
      const { counts } = await callUnary(replicaOf(stubs.directory), 'countKeyPackages', {}, options);
      expect(counts).toEqual([]);
    });
  });
}
