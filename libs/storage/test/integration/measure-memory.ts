/**
 * Measures what groups, messages and mailboxes take up in a Redis that nobody else uses, and empties it:
 * `node libs/storage/test/integration/measure-memory.ts redis://127.0.0.1:6379`
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { createClient } from 'redis';
import { openRedis } from '../../src/index.ts';
import type { GroupLog, NewCommit } from '../../src/index.ts';

const url = process.argv[2] ?? 'redis://127.0.0.1:6379';
const nowMs = Date.now();
const client = createClient({ url });
await client.connect();
const store = await openRedis({ store: 'redis', url, name: 'measure-memory', replicas: 0, timeoutMs: 5000 });

/** Bytes that the server has taken, names of keys and tables included. */
async function used(): Promise<number> {
  const [, bytes] = /used_memory:(\d+)/u.exec(await client.info('memory')) ?? [];
  return Number(bytes);
}

/** Says what each of `count` things that a step makes takes up. */
async function measure(what: string, count: number, step: () => Promise<unknown>): Promise<void> {
  const before = await used();
  await step();
  process.stdout.write(`${what}: ${Math.round(((await used()) - before) / count)} bytes\n`);
}

function commitOf(groupId: Uint8Array, epoch: bigint): NewCommit {
  return {
    groupId,
    epoch,
    requestId: randomBytes(16),
    commit: randomBytes(500),
    commitHash: randomBytes(32),
    groupInfo: randomBytes(700),
    nextAccessKey: randomBytes(32),
    welcomes: [],
    receipt: { acceptedAtMs: nowMs, previousReceiptHash: randomBytes(32), keyId: 'k'.repeat(16) },
  };
}

async function openGroups(log: GroupLog, groups: readonly Uint8Array[]): Promise<void> {
  for (const groupId of groups)
    await log.createGroup({ groupId, cipherSuite: 1, accessKey: randomBytes(32), nowMs });
}

async function sendMessages(log: GroupLog, size: number, count: number): Promise<void> {
  const groupId = randomBytes(16);
  await openGroups(log, [groupId]);
  for (let i = 0; i < count; i += 250)
    await log.appendMessages(
      Array.from({ length: 250 }, () => ({
        groupId,
        epoch: 0n,
        requestId: randomBytes(16),
        kind: 'application' as const,
        message: randomBytes(size),
        maxPastEpochs: 0,
        nowMs: nowMs + i,
      })),
    );
}

const COUNT = 5000;
const EPOCHS = 10;
const MESSAGES = 50_000;
const groups = Array.from({ length: COUNT }, () => randomBytes(16));
const devices = groups.map((_, i) => `mimi://example.com/d/user-${i}/0123456789`);
const { groupLog, mailbox } = store;

await client.flushAll();
await measure('a group that was just opened', COUNT, () => openGroups(groupLog, groups));
await measure('its first commit of 500 bytes, with a GroupInfo of 700', COUNT, async () => {
  for (const groupId of groups) await groupLog.appendCommit(commitOf(groupId, 0n));
});
await measure('each further commit of 500 bytes', COUNT * EPOCHS, async () => {
  for (let epoch = 1n; epoch <= EPOCHS; epoch++)
    await Promise.all(groups.map((groupId) => groupLog.appendCommit(commitOf(groupId, epoch))));
});
for (const size of [100, 200, 1000])
  await measure(`a message of ${size} bytes`, MESSAGES, () => sendMessages(groupLog, size, MESSAGES));
const [groupId = randomBytes(16)] = groups;
const welcome = { groupId, groupSequence: 1n, welcome: randomBytes(600), epoch: 1n, tree: undefined };
await measure('a mailbox with a Welcome of 600 bytes', COUNT, async () => {
  for (const device of devices)
    await mailbox.deliver({ ...welcome, device }, { nowMs: Date.now(), maxEntries: 1000 });
});
await measure('the same after it was acknowledged, beside before', COUNT, async () => {
  for (const device of devices) await mailbox.acknowledge(device, 1n);
});
await client.flushAll();
store.close();
client.destroy();
