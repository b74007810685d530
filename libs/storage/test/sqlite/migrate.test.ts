import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite } from '../../src/index.ts';
import type { SqliteStore } from '../../src/index.ts';
import { named } from '../bench.ts';
import {
  allPending,
  append,
  commit,
  groupId,
  inLog,
  message,
  NOW_MS,
  readAll,
  treeOf,
} from '../group-log.story.ts';
import { temporaryFolder } from './benches.ts';

let folder: ReturnType<typeof temporaryFolder>;
let store: SqliteStore;

/** The schema of the first release. */
const FIRST_RELEASE = [
  '0001-group-log.sql',
  '0002-mailbox.sql',
  '0003-single-use-stock.sql',
  '0004-registry.sql',
];

/** A tree of more than one part. */
const TREE = new Uint8Array(150_000).map((_, i) => (i * 31) % 251);

/** What a delivery service of the first release left: a message, a commit with a Welcome to two devices, a message. */
function writeFirstRelease(path: string): void {
  const file = new DatabaseSync(path);
  file.exec('CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT');
  for (const [index, name] of FIRST_RELEASE.entries()) {
    file.exec(readFileSync(join(import.meta.dirname, `../../src/sqlite/migrations/${name}`), 'utf8'));
    file.prepare('INSERT INTO migration VALUES (?, ?)').run(index + 1, name);
  }
  file.prepare('INSERT INTO delivery_group VALUES (1, ?, 1, 1, 3)').run(groupId);
  const epoch = file.prepare('INSERT INTO group_epoch VALUES (1, ?, ?, ?)');
  epoch.run(0, named('key 0'), 2);
  epoch.run(1, named('key a'), null);
  const entry = file.prepare('INSERT INTO log_entry VALUES (1, ?, ?, ?, ?, ?, ?)');
  entry.run(1, 'proposal', 0, named('request p'), named('-'), named('message p'));
  entry.run(2, 'commit', 0, named('request a'), named('hash a'), named('commit a'));
  entry.run(3, 'application', 1, named('request m'), named('-'), named('message m'));
  file.prepare('INSERT INTO group_info VALUES (1, 1, ?, ?)').run(named('info a'), TREE);
  file.prepare('INSERT INTO outbox VALUES (1, 1, 2, ?, ?, ?)').run('bob', named('to bob'), TREE);
  file.prepare('INSERT INTO mailbox VALUES (1, ?, 1)').run('carol');
  file.prepare('INSERT INTO mailbox_delivery VALUES (1, ?, 2, 1)').run(groupId);
  file.prepare('INSERT INTO mailbox_entry VALUES (1, 1, ?, 2, ?, ?)').run(groupId, named('to carol'), TREE);
  file.close();
}

beforeEach(() => {
  folder = temporaryFolder();
  const path = join(folder.path, 'store.db');
  writeFirstRelease(path);
  store = openSqlite(path);
});

afterEach(() => {
  store.close();
  folder.remove();
});

describe('a file of the first release', () => {
  it('keeps its log, its epochs and what its requests are known by', async () => {
    const { groupLog } = store;
    expect(await inLog(groupLog)).toEqual(['1 message p', '2 commit a', '3 message m']);
    expect((await readAll(groupLog)).map(({ kind }) => kind)).toEqual(['proposal', 'commit', 'application']);
    expect(await groupLog.findGroup(groupId)).toMatchObject({
      epoch: 1n,
      lastSequence: 3n,
      quarantinedUntil: undefined,
    });
    expect(await append(groupLog, message(0n, 'p', { kind: 'proposal' }))).toMatchObject({ sequence: 1n });
    expect(await groupLog.appendCommit(commit(0n, 'a'))).toEqual({
      outcome: 'alreadyAccepted',
      sequence: 2n,
    });
    expect(await groupLog.appendCommit(commit(0n, 'z'))).toMatchObject({
      outcome: 'conflict',
      winningCommitHash: named('hash a'),
    });
    expect(await append(groupLog, message(1n, 'm', { message: named('other') }))).toEqual({
      outcome: 'requestIdReused',
    });
  });

  it('has commits without receipts, and receipts from the next commit on', async () => {
    const { groupLog } = store;
    expect((await groupLog.findEpoch(groupId, 0n))?.ended).toEqual({
      sequence: 2n,
      commitHash: named('hash a'),
      nextAccessKey: named('key a'),
      acceptedAtMs: 0,
      previousReceiptHash: new Uint8Array(),
      keyId: '',
    });
    const next = commit(1n, 'b');
    expect(await groupLog.appendCommit(next)).toEqual({ outcome: 'accepted', sequence: 4n });
    expect((await groupLog.findEpoch(groupId, 1n))?.ended).toMatchObject(next.receipt);
  });

  it('keeps one tree for everybody who had a copy', async () => {
    const { groupLog, mailbox } = store;
    const tree = treeOf(TREE);
    expect((await groupLog.groupInfo(groupId))?.tree).toEqual(tree);
    expect(await allPending(groupLog)).toMatchObject([{ device: 'bob', epoch: 1n, tree }]);
    const page = await mailbox.read({ device: 'carol', afterSequence: 0n, limit: 9, maxBytes: 999 });
    expect(page).toMatchObject([{ welcome: named('to carol'), epoch: 1n, tree }]);
    const chunk = await groupLog.readTree({ groupId, epoch: 1n, offset: 0, maxBytes: TREE.length });
    expect(Buffer.compare(chunk?.bytes ?? new Uint8Array(), TREE)).toBe(0);
    // Its joiners may need it after the epoch.
    await groupLog.appendCommit(commit(1n, 'b'));
    expect(await groupLog.readTree({ groupId, epoch: 1n, offset: 0, maxBytes: 1 })).toMatchObject({ tree });
  });

  it('delivers nothing twice', async () => {
    const [pending] = await allPending(store.groupLog);
    if (pending === undefined) throw new Error('the outbox is empty');
    const again = await store.mailbox.deliver(
      { ...pending, device: 'carol' },
      { nowMs: NOW_MS, maxEntries: 9 },
    );
    expect(again).toEqual({ outcome: 'alreadyDelivered', sequence: 1n });
  });

  it('counts its entries as old as the migration', async () => {
    const limits = { maxAgeMs: 1000, maxEntries: 100, budget: 100 };
    expect(await store.groupLog.prune({ ...limits, nowMs: NOW_MS })).toBe(0);
    expect(await store.groupLog.prune({ ...limits, nowMs: Date.now() + 3_600_000 })).toBe(2);
    expect(await inLog(store.groupLog)).toEqual(['3 message m']);
    const age = { maxAgeMs: 1000, budget: 100 };
    expect(await store.mailbox.prune({ ...age, nowMs: NOW_MS })).toBe(0);
    expect(await store.mailbox.prune({ ...age, nowMs: Date.now() + 3_600_000 })).toBe(1);
  });
});
