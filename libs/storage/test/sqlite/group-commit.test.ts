import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite } from '../../src/index.ts';
import { SqliteConnection } from '../../src/sqlite/connection.ts';
import { append, appendAll, commit, group, groupId, inLog, message } from '../group-log.story.ts';
import { temporaryFolder } from './benches.ts';

let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'store.db');
});

afterEach(() => folder.remove());

/** Another connection, which sees what is committed. */
class Witness {
  readonly #file = new DatabaseSync(path);

  /** How many entries another connection can see. */
  count(): number {
    return Number(this.#file.prepare('SELECT count(*) AS entries FROM log_entry').get()?.['entries']);
  }

  close(): void {
    this.#file.close();
  }
}

describe('steps that are asked for in one turn', () => {
  it('share one transaction: others see all of them or none, and their answers come after it', async () => {
    const store = openSqlite(path);
    await store.groupLog.createGroup(group);
    const witness = new Witness();
    const seen: number[] = [];
    const answers = Array.from({ length: 20 }, async (_, i) => {
      const answer = await append(store.groupLog, message(0n, `${i}`));
      seen.push(witness.count());
      return answer;
    });
    expect(witness.count()).toBe(0);
    await Promise.all(answers);
    expect(new Set(seen)).toEqual(new Set([20]));
    witness.close();
    store.close();
  });

  it('keep their order', async () => {
    const store = openSqlite(path);
    await store.groupLog.createGroup(group);
    const [m, a, late, n] = await Promise.all([
      append(store.groupLog, message(0n, 'm')),
      store.groupLog.appendCommit(commit(0n, 'a')),
      store.groupLog.appendCommit(commit(0n, 'late')),
      append(store.groupLog, message(1n, 'n')),
    ]);
    expect([m, a, late.outcome, n]).toEqual([
      { outcome: 'accepted', sequence: 1n },
      { outcome: 'accepted', sequence: 2n },
      'conflict',
      { outcome: 'accepted', sequence: 3n },
    ]);
    store.close();
  });

  it('do not notice that one of them fails, which changes nothing', async () => {
    const connection = new SqliteConnection(path, 1000);
    connection.script('CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT');
    const insert = (n: number): Promise<number> =>
      connection.commit(() => connection.run('INSERT INTO t VALUES (?)', n));
    const fault = new RangeError('of the step');
    const answers = await Promise.allSettled([
      insert(1),
      connection.commit(() => {
        connection.run('INSERT INTO t VALUES (2)');
        throw fault;
      }),
      insert(1),
      insert(3),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: fault });
    expect(answers[2]).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    expect(Array.from(connection.iterate('SELECT n FROM t'))).toEqual([{ n: 1n }, { n: 3n }]);
    connection.close();
  });

  it('that find no room are refused, the others are done or refused whole, and work goes on', async () => {
    const connection = new SqliteConnection(path, 1000);
    connection.script(
      'CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB NOT NULL) STRICT; PRAGMA max_page_count = 20',
    );
    const insert = (n: number, bytes: number): Promise<number> =>
      connection.commit(() => {
        connection.run('INSERT INTO t VALUES (?, ?)', n, new Uint8Array(100));
        return connection.run('INSERT INTO t VALUES (?, ?)', n + 1000, new Uint8Array(bytes));
      });
    const answers = await Promise.allSettled([insert(1, 100), insert(2, 200_000), insert(3, 100)]);
    expect(answers[1]).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    const done = [1, 2, 3].filter((_, i) => answers[i]?.status === 'fulfilled');
    const rows = Array.from(connection.iterate('SELECT n FROM t ORDER BY n'), ({ n }) => Number(n));
    expect(rows).toEqual([...done, ...done.map((n) => n + 1000)]);
    await insert(4, 100);
    expect(connection.get('SELECT count(*) AS rows FROM t')).toEqual({ rows: BigInt(rows.length + 2) });
    connection.close();
  });

  it('fail together when the file is busy, with nothing done, and work when they are asked for again', async () => {
    const store = openSqlite(path, { busyTimeoutMs: 1 });
    await store.groupLog.createGroup(group);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const offered = ['1', '2', '3'].map((name) => message(0n, name));
    const answers = await Promise.allSettled(offered.map((one) => append(store.groupLog, one)));
    for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    other.exec('ROLLBACK');
    other.close();
    expect(await inLog(store.groupLog)).toEqual([]);
    await Promise.all(offered.map((one) => append(store.groupLog, one)));
    expect(await inLog(store.groupLog)).toEqual(['1 message 1', '2 message 2', '3 message 3']);
    store.close();
  });

  it('are finished before the file is closed, and refused afterwards', async () => {
    const store = openSqlite(path);
    await store.groupLog.createGroup(group);
    const asked = append(store.groupLog, message(0n, 'asked'));
    store.close();
    expect(await asked).toEqual({ outcome: 'accepted', sequence: 1n });
    await expect(append(store.groupLog, message(0n, 'late'))).rejects.toMatchObject({ code: 'CLOSED' });
    const again = openSqlite(path);
    expect(await inLog(again.groupLog)).toEqual(['1 message asked']);
    again.close();
  });

  it('are cut into transactions of a bounded size, and all answered', async () => {
    const store = openSqlite(path);
    await store.groupLog.createGroup(group);
    await Promise.all(Array.from({ length: 2500 }, (_, i) => appendAll(store.groupLog, 0n, [`${i}`])));
    expect((await store.groupLog.findGroup(groupId))?.lastSequence).toBe(2500n);
    expect((await inLog(store.groupLog)).at(-1)).toBe('2500 message 2499');
    store.close();
  });
});
