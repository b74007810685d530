import type { delivery } from '@canopy/contract';
import { followsReceipt, parseJwks, verifyReceipt, type KnownReceipt } from '@canopy/identity';
import { openStore, type Store } from '@canopy/storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  Wait,
  type StartedNetwork,
  type StartedTestContainer,
} from 'testcontainers';
import { deviceOf } from '../authority.ts';
import { startBench, type Bench, type Device } from '../bench.ts';
import { random, TestGroup, welcomeFor } from '../group.ts';
import { createMember } from '../members.ts';
import { Reader } from '../reader.ts';

const noEngine = await whyNoEngine();
if (noEngine !== undefined) {
  process.stderr.write(`skipped: replicas of the delivery service on Redis, no Docker engine: ${noEngine}\n`);
}
const withEngine = noEngine === undefined ? describe : describe.skip;

/** Finds out why containers cannot be started. @throws {Error} in CI, where a missing engine is a fault */
async function whyNoEngine(): Promise<string | undefined> {
  try {
    await getContainerRuntimeClient();
    return undefined;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (process.env['CI'] === 'true') throw new Error(`no Docker engine: ${reason}`, { cause });
    return reason;
  }
}

async function check(device: Device, jws: string): Promise<KnownReceipt> {
  const { domain, jwksJson } = await device.call('getReceiptKeys', {});
  const verdict = await verifyReceipt(jws, { domain, keys: await parseJwks(jwksJson) });
  if (!verdict.valid) throw new Error(verdict.reason);
  return verdict;
}

withEngine('two replicas of the delivery service on one Redis', () => {
  let network: StartedNetwork;
  let container: StartedTestContainer;
  let replicas: readonly [Bench, Bench];
  let alices: readonly [Device, Device];
  let group: TestGroup;

  beforeAll(async () => {
    network = await new Network().start();
    container = await new GenericContainer('redis:7-bookworm')
      .withNetwork(network)
      .withExposedPorts(6379)
      // The end of the data is lost on demand: see `lose`.
      .withCommand(['redis-server', '--enable-debug-command', 'yes'])
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/u))
      .start();
  });

  afterAll(async () => {
    await container.stop({ timeout: 0 });
    await network.stop();
  });

  beforeEach(async () => {
    await redis('FLUSHALL');
    await start({});
  });

  afterEach(async () => {
    for (const replica of replicas) {
      expect(replica.incidents).toEqual([]);
      await replica.close();
    }
  });

  async function redis(...command: readonly string[]): Promise<void> {
    const { exitCode, output } = await container.exec(['redis-cli', ...command]);
    if (exitCode !== 0 || output.includes('ERR'))
      throw new Error(`redis-cli ${command.join(' ')}: ${output}`);
  }

  function open(): Promise<Store> {
    const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
    return openStore({ store: 'redis', url, name: 'delivery-service', replicas: 0, timeoutMs: 5_000 });
  }

  async function start(environment: NodeJS.ProcessEnv): Promise<void> {
    const first = await startBench({ environment, store: await open() });
    const second = await startBench({ environment, store: await open(), authority: first.authority });
    replicas = [first, second];
    alices = [await first.device('alice'), await second.device('alice')];
    group = new TestGroup();
    await group.create(alices[0]);
  }

  async function readAll(device: Device, epoch: bigint): Promise<delivery.LogEntry[]> {
    return (await device.call('readGroup', group.readRequest(epoch, 0n, 200))).entries;
  }

  it('accept one of the commits that race through both, with receipts that both make and that form a chain', async () => {
    for (let epoch = 0n; epoch < 5n; epoch += 1n) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          (alices[i % 2] ?? alices[0]).call('submitCommit', group.commitRequest(epoch)),
        ),
      );
      const cases = answers.map(({ result }) => result?.$case);
      expect(cases.filter((one) => one === 'accepted')).toHaveLength(1);
      expect(cases.filter((one) => one === 'conflict')).toHaveLength(7);
    }
    const [here, there] = [await readAll(alices[0], 5n), await readAll(alices[1], 5n)];
    expect(there).toEqual(here);
    const known = await Promise.all(here.map(({ receipt }) => check(alices[1], receipt)));
    for (const [i, one] of known.entries()) {
      const before = known[i - 1];
      if (before !== undefined) expect(followsReceipt(one.receipt, before)).toBe(true);
    }
  });

  it('show a stream at the one what is sent at the other, under a lease, in one order, each once', async () => {
    const reader = new Reader(alices[0]);
    await reader.stream.send(group.subscribeRequest(0n));
    await reader.until('live');
    const sender = new Reader(alices[1]);
    await sender.stream.send(group.subscribeRequest(0n));
    await sender.until('live');
    for (let count = 0; count < 100; count += 1) {
      const request = { message: group.messageBody(0n), proof: undefined };
      await sender.stream.send({ request: { $case: 'sendMessage', value: { request } } });
    }
    const inOrder = Array.from({ length: 100 }, (_, i) => BigInt(i + 1));
    expect(await reader.entries(100)).toEqual(inOrder);
    reader.stream.cancel();
    sender.stream.cancel();
  });

  it('bring a Welcome to its mailbox once, whichever of them moves it', async () => {
    for (let epoch = 0n; epoch < 5n; epoch += 1n) {
      const ref = random(32);
      const recipients = [{ keyPackageRef: ref, device: deviceOf('bob') }];
      const device = alices[Number(epoch) % 2] ?? alices[0];
      await group.commit(device, epoch, { welcome: welcomeFor([ref]), recipients });
    }
    const bob = new Reader(await replicas[1].device('bob'));
    await bob.stream.send({ request: { $case: 'mailbox', value: { afterSequence: 0n } } });
    const seen: bigint[] = [];
    while (seen.length < 5) {
      const response = await bob.next();
      if (response.$case === 'mailbox')
        seen.push(...response.value.entries.map(({ groupSequence }) => groupSequence));
    }
    expect(new Set(seen)).toEqual(new Set([1n, 2n, 3n, 4n, 5n]));
    bob.stream.cancel();
  });

  it('find out that Redis has lost accepted commits, stop the group, and take them back byte for byte', async () => {
    await group.send(alices[0], 0n);
    await group.commit(alices[0], 0n);
    await redis('SAVE');
    await group.send(alices[1], 1n);
    await group.commit(alices[1], 1n);
    const whole = await readAll(alices[0], 2n);
    const reader = new Reader(alices[0]);
    // What was written since is lost, as at a failover to a replica that did not have it.
    await redis('DEBUG', 'RELOAD', 'NOSAVE');
    expect(await readAll(alices[1], 1n)).toEqual(whole.slice(0, 2));
    await reader.stream.send(group.subscribeRequest(1n, 4n));
    expect(await reader.next()).toMatchObject({ $case: 'behind', value: { lastSequence: 2n } });
    reader.stream.cancel();
    const { result } = await alices[0].call('reportReceipt', { receipt: whole[3]?.receipt ?? '' });
    expect(result).toMatchObject({ $case: 'quarantined', value: { lostEpoch: 1n, lostSequence: 4n } });
    const sent = await alices[1].call('sendMessage', group.messageRequest(1n));
    expect(sent.result?.$case).toBe('quarantined');
    const request = group.restoreRequest(whole.slice(2));
    expect((await alices[1].call('restoreEntries', request)).result).toEqual({
      $case: 'restored',
      value: { alreadyThere: false, reopened: true },
    });
    expect(await readAll(alices[0], 2n)).toEqual(whole);
    await group.commit(alices[0], 2n);
  });

  it('follow a public group together: what the one accepted, the other knows', async () => {
    const alice = await createMember(replicas[0], 'alice');
    const bob = await createMember(replicas[1], 'bob');
    await alice.create();
    await alice.add(bob);
    const { bundle } = await bob.prepare();
    const other = await alice.prepare();
    expect(await bob.submit({ ...bundle, groupInfo: other.bundle.groupInfo })).toMatchObject({
      $case: 'rejected',
      value: { reason: 'SUBMISSION_REJECTION_REASON_GROUP_INFO_MISMATCH' },
    });
    expect(await bob.submit(bundle)).toMatchObject({ $case: 'accepted' });
    expect(await alice.submit(other.bundle)).toMatchObject({
      $case: 'conflict',
      value: { currentEpoch: 2n },
    });
  });

  it('count the requests of a device together', async () => {
    for (const replica of replicas) await replica.close();
    await start({ CANOPY_REQUESTS_PER_DEVICE: '1' });
    let sent = 0;
    for (let count = 0; count < 10; count += 1) {
      for (const device of alices) {
        await group.send(device, 0n).then(
          () => {
            sent += 1;
          },
          () => undefined,
        );
      }
    }
    // One of the ten was opening the group.
    expect(sent).toBe(9);
  });
});
