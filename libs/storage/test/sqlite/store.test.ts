import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite } from '../../src/index.ts';
import { SqliteConnection } from '../../src/sqlite/connection.ts';
import { named } from '../bench.ts';
import { commit, group, inLog, message } from '../group-log.story.ts';
import { temporaryFolder } from './benches.ts';

let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'store.db');
});

afterEach(() => folder.remove());

const signingKey = {
  kid: 'k',
  publicJwk: '{}',
  privateKey: '{}',
  signsFromMs: 1,
  signsUntilMs: 2,
  publishedUntilMs: 3,
};

describe('a SQLite store', () => {
  it('still has everything after it was closed and opened again', async () => {
    const first = openSqlite(path);
    await first.groupLog.createGroup(group);
    await first.registry.addSigningKey(signingKey, undefined);
    first.close();
    const second = openSqlite(path);
    expect(await second.groupLog.createGroup(group)).toEqual({ outcome: 'same' });
    expect(await second.registry.signingKeys()).toEqual([signingKey]);
    second.close();
  });

  it('keeps its file from other users of the machine', () => {
    const store = openSqlite(path);
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(statSync(`${path}-wal`).mode & 0o077).toBe(0);
    store.close();
  });

  it('waits until what it has written is on the disk, and never blocks its readers', () => {
    const connection = new SqliteConnection(path, 0);
    expect(connection.get('PRAGMA synchronous')).toEqual({ synchronous: 2n });
    expect(connection.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
    expect(connection.get('PRAGMA foreign_keys')).toEqual({ foreign_keys: 1n });
    connection.close();
  });

  it('is healthy while it can be read, and says so when it is closed', async () => {
    const store = openSqlite(path);
    expect(await store.isHealthy()).toBe(true);
    store.close();
    store.close();
    expect(await store.isHealthy()).toBe(false);
    await expect(store.groupLog.findGroup(group.groupId)).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(store.groupLog.createGroup(group)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('refuses a file that a newer release has written, and leaves it alone', () => {
    openSqlite(path).close();
    const file = new DatabaseSync(path);
    file.exec("INSERT INTO migration (version, name) VALUES (9999, 'from the future')");
    file.close();
    expect(() => openSqlite(path)).toThrow(expect.objectContaining({ code: 'NEWER_SCHEMA' }));
  });

  it('says UNAVAILABLE when the file is no database or cannot be made', () => {
    writeFileSync(path, 'this is a letter, not a database, and long enough to be read as one');
    const unavailable = expect.objectContaining({ name: 'StorageError', code: 'UNAVAILABLE' });
    expect(() => openSqlite(path)).toThrow(unavailable);
    expect(() => openSqlite(join(folder.path, 'no', 'such', 'folder.db'))).toThrow(unavailable);
  });

  it('says UNAVAILABLE when another process does not let go of the file in time, and works again after', async () => {
    const store = openSqlite(path, { busyTimeoutMs: 1 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.groupLog.createGroup(group)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await store.isHealthy()).toBe(true);
    other.exec('ROLLBACK');
    other.close();
    expect(await store.groupLog.createGroup(group)).toEqual({ outcome: 'created' });
    store.close();
  });

  it('does not let anybody change or shorten the audit log', async () => {
    const store = openSqlite(path);
    await store.registry.appendAudit(named('a'));
    store.close();
    const file = new DatabaseSync(path);
    expect(() => file.exec("UPDATE audit_log SET entry = x'00'")).toThrow(/append-only/u);
    expect(() => file.exec('DELETE FROM audit_log')).toThrow(/append-only/u);
    file.close();
  });

  it('has room for 8388607 groups, and refuses the next one instead of mixing it up with another', async () => {
    const store = openSqlite(path);
    await store.groupLog.createGroup(group);
    const file = new DatabaseSync(path);
    file.exec(
      "INSERT INTO delivery_group (id, group_id, cipher_suite, epoch, last_sequence) VALUES (8388606, x'01', 1, 0, 0)",
    );
    file.close();
    const last = { ...group, groupId: named('last') };
    expect(await store.groupLog.createGroup(last)).toEqual({ outcome: 'created' });
    const beyond = store.groupLog.createGroup({ ...group, groupId: named('beyond') });
    await expect(beyond).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await store.groupLog.findGroup(named('beyond'))).toBeUndefined();
    await store.groupLog.appendMessages([message(0n, 'm', last)]);
    expect(await inLog(store.groupLog, last.groupId)).toEqual(['1 message m']);
    expect(await inLog(store.groupLog)).toEqual([]);
    store.close();
  });

  it('answers with as many recent epochs as it is configured for', async () => {
    const store = openSqlite(':memory:', { recentEpochs: 1 });
    await store.groupLog.createGroup(group);
    for (let epoch = 0n; epoch < 4n; epoch++) {
      await store.groupLog.appendCommit(commit(epoch, `${epoch}`));
    }
    const summary = await store.groupLog.findGroup(group.groupId);
    expect(summary?.accessKeys.map(({ epoch }) => epoch)).toEqual([4n, 3n]);
    store.close();
  });
});
