import { setImmediate } from 'node:timers/promises';
import { createLogger, manualClock } from '@canopy/service';
import { openSqlite, StorageError, type Mailbox, type Store } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Outbox } from '../src/outbox.ts';
import { allPending, NOW } from './bench.ts';
import { random } from './group.ts';

const groupId = random(16);
/** More than are moved at once. */
const away = Array.from({ length: 150 }, (_, i) => `away-${i}`);

let store: Store;
let outbox: Outbox;
let lines: { readonly event?: string; readonly entries?: number }[];
let isBack: boolean;

beforeEach(async () => {
  store = openSqlite(':memory:');
  lines = [];
  isBack = false;
  const log = createLogger({
    service: 'delivery-service',
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  outbox = new Outbox({
    groupLog: store.groupLog,
    mailbox: unreliable(store.mailbox),
    clock: manualClock(NOW),
    log,
    mailboxEntries: 2,
    intervalMs: 10,
  });
  await store.groupLog.createGroup({ groupId, cipherSuite: 1, accessKey: random(32), nowMs: NOW });
});

afterEach(async () => {
  await outbox.stop();
  store.close();
});

/** Mailboxes of which those whose names begin with `away` are out of reach. */
function unreliable(mailbox: Mailbox): Pick<Mailbox, 'deliver'> {
  return {
    deliver: async (entry, ...limits) => {
      if (!isBack && entry.device.startsWith('away')) throw new StorageError('UNAVAILABLE', 'away');
      return mailbox.deliver(entry, ...limits);
    },
  };
}

async function invite(epoch: bigint, devices: readonly string[]): Promise<void> {
  await store.groupLog.appendCommit({
    groupId,
    epoch,
    requestId: random(16),
    commit: random(50),
    commitHash: random(32),
    groupInfo: random(50),
    nextAccessKey: random(32),
    welcomes: devices.map((device) => ({ device, welcome: random(50) })),
    receipt: { acceptedAtMs: NOW, previousReceiptHash: random(32), keyId: 'key' },
  });
}

async function waiting(device: string): Promise<number> {
  return (await store.mailbox.read({ device, afterSequence: 0n, limit: 9, maxBytes: 9999 })).length;
}

async function untilPending(count: number): Promise<void> {
  while ((await allPending(store.groupLog)).length !== count) await setImmediate();
}

describe('the mover of Welcomes', () => {
  it('goes on with others when mailboxes are away, and comes back to them', async () => {
    await invite(0n, away);
    await invite(1n, ['well']);
    outbox.kick();
    await untilPending(away.length);
    expect(await waiting('well')).toBe(1);
    while (lines.length === 0) await setImmediate();
    expect(lines[0]).toMatchObject({ event: 'outbox-failed', entries: away.length });
    isBack = true;
    outbox.kick();
    await untilPending(0);
    for (const device of [...away, 'well']) expect(await waiting(device)).toBe(1);
  });

  it('keeps what finds no room in a full mailbox, goes on with others, and brings it when there is room', async () => {
    for (const epoch of [0n, 1n, 2n]) await invite(epoch, ['full']);
    await invite(3n, ['well']);
    outbox.kick();
    await untilPending(1);
    while (lines.length === 0) await setImmediate();
    expect([await waiting('full'), await waiting('well')]).toEqual([2, 1]);
    expect(lines[0]).toMatchObject({ event: 'mailboxes-full', entries: 1 });
    await store.mailbox.acknowledge('full', 2n);
    outbox.kick();
    await untilPending(0);
    expect([await waiting('full'), await waiting('well')]).toEqual([1, 1]);
  });
});
