import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite } from '../../src/index.ts';
import type { SqliteStore } from '../../src/index.ts';
import { named } from '../bench.ts';
import { append, group, groupId, message } from '../group-log.story.ts';
import { temporaryFolder } from './benches.ts';

let folder: ReturnType<typeof temporaryFolder>;
let writer: SqliteStore;
let reader: SqliteStore;

beforeEach(() => {
  folder = temporaryFolder();
  writer = openSqlite(join(folder.path, 'store.db'));
  reader = openSqlite(join(folder.path, 'store.db'));
});

afterEach(() => {
  writer.close();
  reader.close();
  folder.remove();
});

/** A listener of the reader, and what it has heard. */
function listen(id: Uint8Array): { count: number; readonly first: Promise<void> } {
  const ear = { count: 0, first: Promise.resolve() };
  ear.first = new Promise<void>((resolve) => {
    reader.groupLog.onAppend(id, () => {
      ear.count += 1;
      resolve();
    });
  });
  return ear;
}

describe('a listener on one connection', () => {
  it('is woken for the groups that another connection has written to, and not for others that it knows', async () => {
    const other = named('other');
    for (const id of [groupId, other]) await writer.groupLog.createGroup({ ...group, groupId: id });
    const [mine, quiet] = [listen(groupId), listen(other)];
    // Where the listeners stand is not known before the first look, which wakes all of them.
    await append(writer.groupLog, message(0n, '1'));
    await Promise.all([mine.first, quiet.first]);
    const heard = quiet.count;
    for (const name of ['2', '3', '4']) {
      const before = mine.count;
      await append(writer.groupLog, message(0n, name));
      while (mine.count === before) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(quiet.count).toBe(heard);
  });

  it('is woken once for what its own connection writes', async () => {
    await reader.groupLog.createGroup(group);
    const ear = listen(groupId);
    await append(reader.groupLog, message(0n, '1'));
    await ear.first;
    const other = listen(named('other'));
    // The look that follows this write passes over the group, whose newest entry was told.
    await writer.groupLog.createGroup({ ...group, groupId: named('other') });
    await append(writer.groupLog, message(0n, '1', { groupId: named('other') }));
    await other.first;
    expect(ear.count).toBe(1);
  });
});

describe('what one connection remembers of a group', () => {
  it('is never older than what another one has been answered', async () => {
    expect(await reader.groupLog.findGroup(groupId)).toBeUndefined();
    await writer.groupLog.createGroup(group);
    for (let i = 1n; i <= 20n; i++) {
      expect((await reader.groupLog.findGroup(groupId))?.lastSequence).toBe(i - 1n);
      await append(i % 2n === 0n ? writer.groupLog : reader.groupLog, message(0n, `${i}`));
      for (const { groupLog } of [writer, reader])
        expect((await groupLog.findGroup(groupId))?.lastSequence).toBe(i);
    }
    await writer.groupLog.quarantine(groupId, { epoch: 3n, sequence: 30n });
    expect((await reader.groupLog.findGroup(groupId))?.quarantinedUntil?.epoch).toBe(3n);
  });

  it('holds for more groups than it remembers at once', async () => {
    const ids = Array.from({ length: 5000 }, (_, i) => named(`${i}`));
    await Promise.all(ids.map((id) => writer.groupLog.createGroup({ ...group, groupId: id })));
    for (let round = 0; round < 2; round++)
      for (const id of ids) expect((await reader.groupLog.findGroup(id))?.epoch).toBe(0n);
  });
});
