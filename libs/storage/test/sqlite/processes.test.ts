import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite } from '../../src/index.ts';
import type { SqliteStore } from '../../src/index.ts';
import { named } from '../bench.ts';
import { item, NOW } from '../stock-samples.ts';
import { allPending } from '../group-log.story.ts';
import { temporaryFolder } from './benches.ts';

type Line = Readonly<Record<string, unknown>>;

interface Child {
  readonly lines: AsyncIterator<Line>;
  go(): void;
  kill(): void;
  ended(): Promise<void>;
}

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
let children: Child[];

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'store.db');
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill();
  await Promise.all(children.map((child) => child.ended()));
  folder.remove();
});

function start(task: string, name: string): Child {
  const program = join(import.meta.dirname, 'child.ts');
  const flags = ['--disable-warning=ExperimentalWarning', program, task, path, name];
  const child = spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  // A killed child does not read its go any more.
  child.stdin.on('error', () => {});
  const made: Child = {
    lines: parsed(createInterface({ input: child.stdout })),
    go: () => child.stdin.write('go\n'),
    kill: () => child.kill('SIGKILL'),
    ended: async () => void (await exit),
  };
  children.push(made);
  return made;
}

async function* parsed(lines: AsyncIterable<string>): AsyncGenerator<Line> {
  for await (const line of lines) {
    const said: Line = JSON.parse(line);
    yield said;
  }
}

async function next(child: Child): Promise<Line> {
  const { value, done } = await child.lines.next();
  if (done === true) throw new Error('the child ended too early');
  return value;
}

async function rest(child: Child): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (let read = await child.lines.next(); read.done !== true; read = await child.lines.next())
    lines.push(read.value);
  return lines;
}

/** Starts processes that wait for each other and then do the same at once. */
async function race(task: string, count: number): Promise<readonly Line[]> {
  const racers = Array.from({ length: count }, (_, i) => start(task, `p${i}`));
  await Promise.all(racers.map(next));
  for (const racer of racers) racer.go();
  return (await Promise.all(racers.map(rest))).flat();
}

async function reopened<T>(story: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = openSqlite(path);
  try {
    return await story(store);
  } finally {
    store.close();
  }
}

describe('several processes on one SQLite file', () => {
  it('open an empty file together and accept one commit per epoch', async () => {
    const answers = await race('raceCommits', 4);
    expect(answers).toHaveLength(100);
    const winners = answers.filter(({ outcome }) => outcome === 'accepted');
    expect(winners.map(({ epoch }) => epoch).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 25 }, (_, epoch) => epoch),
    );
    expect(answers.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(75);
    await reopened(async ({ groupLog }) => {
      const log = await groupLog.read({
        groupId: named('group'),
        afterSequence: 0n,
        limit: 100,
        maxBytes: 10_000,
      });
      expect(log.map(({ sequence }) => Number(sequence))).toEqual(winners.map((_, i) => i + 1));
      const commits = new Set(winners.map(({ commit }) => commit));
      expect(new Set(log.map((entry) => Buffer.from(entry.message).toString()))).toEqual(commits);
      expect(new Set((await allPending(groupLog)).map((entry) => entry.device))).toEqual(commits);
    });
  });

  it('hand out each KeyPackage once', async () => {
    await reopened(async ({ singleUseStock }) => {
      for (let i = 0; i < 60; i++) await singleUseStock.put(item(`${i}`));
      await singleUseStock.put(item('r', { lastResort: true }));
    });
    const answers = await race('raceClaims', 4);
    expect(answers).toHaveLength(100);
    const single = answers.filter(({ lastResort }) => lastResort === false);
    expect(single).toHaveLength(60);
    expect(new Set(single.map(({ keyPackage }) => keyPackage)).size).toBe(60);
    expect(answers.filter(({ keyPackage }) => keyPackage === 'r')).toHaveLength(40);
  });

  it('give the same claim the same KeyPackage, whichever of them it reaches', async () => {
    await reopened(async ({ singleUseStock }) => {
      for (let i = 0; i < 60; i++) await singleUseStock.put(item(`${i}`));
    });
    const answers = await race('raceRepeats', 4);
    expect(answers).toHaveLength(100);
    const byRequest = Map.groupBy(answers, ({ requestId }) => requestId);
    const given = [...byRequest.values()].map((same) => new Set(same.map(({ keyPackage }) => keyPackage)));
    expect(given.map(({ size }) => size)).toEqual(Array<number>(25).fill(1));
    expect(new Set(given.flatMap((same) => [...same])).size).toBe(25);
    await reopened(async ({ singleUseStock }) =>
      expect(await singleUseStock.count(item('any').device, NOW)).toMatchObject([{ singleUse: 35 }]),
    );
  });

  it('lose nothing that was accepted when one is killed, and leave no hole', async () => {
    const accepted: Line[] = [];
    for (const victim of ['first', 'second', 'third']) {
      const child = start('appendForEver', victim);
      await next(child);
      child.go();
      for (let i = 0; i < 40; i++) accepted.push(await next(child));
      child.kill();
      accepted.push(...(await rest(child)));
    }
    await reopened(async ({ groupLog }) => {
      const query = { groupId: named('group'), afterSequence: 0n, limit: 100_000, maxBytes: 10_000_000 };
      const log = await groupLog.read(query);
      expect(log.map(({ sequence }) => Number(sequence))).toEqual(log.map((_, i) => i + 1));
      const inLog = new Map(
        log.map(({ sequence, message }) => [String(sequence), Buffer.from(message).toString()]),
      );
      for (const { sequence, message } of accepted) expect(inLog.get(String(sequence))).toBe(message);
      expect((await groupLog.findGroup(named('group')))?.lastSequence).toBe(BigInt(log.length));
      const commits = log.filter(({ kind }) => kind === 'commit');
      const devices = commits.map(({ message }) => Buffer.from(message).toString());
      expect((await allPending(groupLog)).map((entry) => entry.device)).toEqual(devices);
    });
  });

  it('lose nothing of many at once when one of two is killed, show no hole meanwhile, and let the other go on', async () => {
    const [victim, survivor] = [start('appendManyForEver', 'victim'), start('appendManyForEver', 'survivor')];
    await Promise.all([next(victim), next(survivor)]);
    for (const child of [victim, survivor]) child.go();
    const accepted: Line[] = [];
    await reopened(async ({ groupLog }) => {
      for (let i = 0; i < 300; i++) accepted.push(await next(victim), await next(survivor));
      victim.kill();
      accepted.push(...(await rest(victim)));
      // Read page by page while the other one writes.
      const read: string[] = [];
      for (let i = 0; i < 300; i++) {
        const query = {
          groupId: named('group'),
          afterSequence: BigInt(read.length),
          limit: 50,
          maxBytes: 100_000,
        };
        for (const entry of await groupLog.read(query)) {
          expect(Number(entry.sequence)).toBe(read.length + 1);
          read.push(Buffer.from(entry.message).toString());
        }
        accepted.push(await next(survivor));
      }
      survivor.kill();
      accepted.push(...(await rest(survivor)));
      const query = { groupId: named('group'), afterSequence: 0n, limit: 1_000_000, maxBytes: 100_000_000 };
      const log = (await groupLog.read(query)).map(({ message }) => Buffer.from(message).toString());
      expect(log.slice(0, read.length)).toEqual(read);
      expect(new Set(log).size).toBe(log.length);
      for (const { sequence, message } of accepted) expect(log[Number(sequence) - 1]).toBe(message);
      expect((await groupLog.findGroup(named('group')))?.lastSequence).toBe(BigInt(log.length));
    });
  });
});
