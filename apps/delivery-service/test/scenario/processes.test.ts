import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect, delivery } from '@canopy/contract';
import { signRevocationList } from '@canopy/identity';
import type { RunningService } from '@canopy/service';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createAuthority,
  deviceOf,
  DOMAIN,
  serveKeys,
  type Authority,
  type ServedList,
} from '../authority.ts';
import {
  allPending,
  createDevice,
  failureOf,
  startBench,
  ROOMY,
  type Client,
  type Device,
} from '../bench.ts';
import { random, TestGroup, welcomeFor } from '../group.ts';

let authority: Authority;
let keys: RunningService;
let folder: string;
const revocations: ServedList = { list: undefined };
const children: ChildProcess[] = [];
const clients: Client[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  keys = await serveKeys(authority, revocations);
});

afterAll(() => keys.drain());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'delivery-service-'));
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Process {
  readonly child: ChildProcess;
  readonly device: Device;
  readonly exit: Promise<number | null>;
}

/** Starts the service as an operator does, and a device that calls it. */
async function startProcess(keysPort = keys.port): Promise<Process> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/main.ts')], {
    env: {
      ...process.env,
      CANOPY_DOMAIN: DOMAIN,
      CANOPY_AUTHENTICATION_SERVICE: `127.0.0.1:${keysPort}`,
      CANOPY_DATA: folder,
      CANOPY_PROOF_TOLERANCE: '1h',
      CANOPY_EXIT_WITH_PARENT: '1',
      CANOPY_REVOCATION_INTERVAL: '100ms',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const exit = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  const port = await portOf(child);
  const client = connect(delivery.DeliveryServiceClient, { address: `127.0.0.1:${port}` });
  clients.push(client);
  const name = deviceOf('alice');
  return { child, exit, device: createDevice(client, name, await authority.token(name, Date.now())) };
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error('no output');
  for await (const line of createInterface(stdout)) {
    const { event, port }: { event?: string; port?: number } = JSON.parse(line);
    if (event === 'listening' && port !== undefined) {
      stdout.resume();
      return port;
    }
  }
  throw new Error('the service has ended');
}

/** The time in proofs is the machine's: the process has no other clock. */
class CurrentGroup extends TestGroup {
  override proof(...[method, body, epoch, options]: Parameters<TestGroup['proof']>): delivery.EpochProof {
    return super.proof(method, body, epoch, { timeUnixMs: Date.now(), ...options });
  }
}

describe('the service as a process', () => {
  it('goes on where it was after SIGTERM and a new start', async () => {
    const group = new CurrentGroup();
    const first = await startProcess();
    await group.create(first.device);
    await group.send(first.device, 0n);
    await group.commit(first.device, 0n);
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    const second = await startProcess();
    expect(await group.send(second.device, 1n)).toBe(3n);
    expect(await group.readAll(second.device, 1n)).toEqual([1n, 2n, 3n]);
  });

  it('obeys the revocation list of the authentication service: open streams end, tokens are refused', async () => {
    const { device } = await startProcess();
    const stream = device.stream();
    await stream.send({ request: { $case: 'ping', value: { token: 1n } } });
    const responses = stream.responses[Symbol.asyncIterator]();
    expect((await responses.next()).value?.response?.$case).toBe('pong');
    const issuedAt = BigInt(Math.floor(Date.now() / 1000));
    const claims = { domain: DOMAIN, number: 1, issuedAt, nextUpdate: issuedAt + 60n };
    const jwt = await signRevocationList(
      { ...claims, certificates: [], devices: [device.name] },
      authority.signer,
    );
    revocations.list = { number: 1n, jwt };
    const ended = await failureOf(responses.next());
    expect([ended.code, ended.reason]).toEqual(['UNAUTHENTICATED', 'DEVICE_REVOKED']);
    const refused = await failureOf(device.call('readMailbox', { afterSequence: 0n, limit: 0 }));
    expect(refused.reason).toBe('DEVICE_REVOKED');
    revocations.list = undefined;
  });

  it('has everything that it answered when it is killed with SIGKILL in the middle of its work', async () => {
    const group = new CurrentGroup();
    const first = await startProcess();
    await group.create(first.device);
    const accepted = new Map<bigint, Uint8Array>();
    const write = async (): Promise<void> => {
      for (;;) {
        const mlsMessage = group.privateMessage(1, 0n);
        const { result } = await first.device.call('sendMessage', group.messageRequest(0n, { mlsMessage }));
        if (result?.$case === 'accepted') accepted.set(result.value.sequence, mlsMessage);
        if (accepted.size === 60) first.child.kill('SIGKILL');
      }
    };
    const endings = await Promise.allSettled([write(), write(), write()]);
    expect(endings.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await first.exit;
    expect(accepted.size).toBeGreaterThanOrEqual(60);
    const second = await startProcess();
    const logged = new Map<bigint, Uint8Array>();
    for (let after = 0n, end = false; !end; after = BigInt(logged.size)) {
      const page = await second.device.call('readGroup', group.readRequest(0n, after));
      for (const { sequence, mlsMessage } of page.entries) logged.set(sequence, mlsMessage);
      end = page.end;
    }
    expect([...logged.keys()]).toEqual(Array.from({ length: logged.size }, (_, i) => BigInt(i + 1)));
    for (const [sequence, message] of accepted) {
      expect(logged.get(sequence)).toEqual(new Uint8Array(message));
    }
    expect(await group.send(second.device, 0n)).toBe(BigInt(logged.size) + 1n);
  });
});

describe('while the authentication service is away', () => {
  it('goes on with the keys that it has', async () => {
    const group = new CurrentGroup();
    const shortLived = await serveKeys(authority);
    const { device } = await startProcess(shortLived.port);
    await group.create(device);
    await shortLived.drain();
    expect(await group.send(device, 0n)).toBe(1n);
  });

  it('says that it cannot tell now who calls, when it never had keys', async () => {
    const gone = await serveKeys(authority);
    await gone.drain();
    const { device } = await startProcess(gone.port);
    const failure = await failureOf(device.call('readMailbox', { afterSequence: 0n, limit: 0 }));
    expect([failure.code, failure.reason]).toEqual(['UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE']);
  });
});

describe('a Welcome', () => {
  it('reaches its mailbox, once, when the service ended between the commit and the mailbox', async () => {
    const path = join(folder, 'store.sqlite');
    const group = new TestGroup();
    const before = await startBench({ path, authority, moving: false });
    await group.create(await before.device());
    const ref = random(32);
    const recipients = [{ keyPackageRef: ref, device: deviceOf('bob') }];
    await group.commit(await before.device(), 0n, { welcome: welcomeFor([ref]), recipients });
    const bobBefore = await before.device('bob');
    expect((await bobBefore.call('readMailbox', { afterSequence: 0n, limit: 0 })).entries).toEqual([]);
    await before.close();
    for (let start = 0; start < 2; start += 1) {
      const after = await startBench({ path, authority });
      const bob = await after.device('bob');
      const stream = bob.stream();
      await stream.send({ request: { $case: 'mailbox', value: { afterSequence: 0n } } });
      for await (const { response } of stream.responses) if (response?.$case === 'mailbox') break;
      const { entries } = await bob.call('readMailbox', { afterSequence: 0n, limit: 0 });
      expect(entries).toMatchObject([{ sequence: 1n, groupSequence: 1n }]);
      await after.close();
    }
  });

  it('reaches its mailbox once when it was delivered but not yet forgotten by the log', async () => {
    const path = join(folder, 'store.sqlite');
    const group = new TestGroup();
    const before = await startBench({ path, authority, moving: false });
    await group.create(await before.device());
    const ref = random(32);
    const recipients = [{ keyPackageRef: ref, device: deviceOf('bob') }];
    await group.commit(await before.device(), 0n, { welcome: welcomeFor([ref]), recipients });
    for (const entry of await allPending(before.store.groupLog))
      await before.store.mailbox.deliver(entry, ROOMY);
    await before.close();
    const after = await startBench({ path, authority });
    const bob = await after.device('bob');
    // A second Welcome goes the same way after the first: when it is there, the first had its second chance.
    const second = random(32);
    await group.commit(await after.device(), 1n, {
      welcome: welcomeFor([second]),
      recipients: [{ keyPackageRef: second, device: deviceOf('bob') }],
    });
    const stream = bob.stream();
    await stream.send({ request: { $case: 'mailbox', value: { afterSequence: 1n } } });
    for await (const { response } of stream.responses) if (response?.$case === 'mailbox') break;
    const { entries } = await bob.call('readMailbox', { afterSequence: 0n, limit: 0 });
    expect(entries.map(({ groupSequence }) => groupSequence)).toEqual([1n, 2n]);
    await after.close();
  });
});
