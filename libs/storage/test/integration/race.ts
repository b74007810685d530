/**
 * Writers on many groups while servers fail, and what must be true of the logs afterwards.
 *
 * @module
 */
import { expect } from '@jest/globals';
import { isAway } from '../../src/index.ts';
import type { AppendOutcome, GroupLog, LogEntry } from '../../src/index.ts';
import { named } from '../bench.ts';
import { commit, group, message } from '../group-log.story.ts';
import { untilTrue } from './redis-servers.ts';

/** What one group's writers were told. */
interface Told {
  readonly groupId: Uint8Array;
  /** Messages that were accepted, with their places. */
  readonly messages: Map<string, bigint>;
  /** Commits that were accepted, by epoch. */
  readonly commits: Map<bigint, string>;
  /** Commits that others were told to have won, by epoch. */
  readonly winners: Map<bigint, Set<string>>;
}

/** A race under way. */
export interface Race {
  /** How often writers were told to come back. */
  failures(): number;
  /** Waits until every group has had so many more answers. */
  progress(answers: number): Promise<void>;
  /** Ends the writers and checks the logs. @returns how many writes were accepted */
  end(reader: GroupLog): Promise<number>;
}

const PAUSE_MS = 20;

/** Starts writers on `count` groups: one that sends messages, and two that race for every epoch, through several connections. */
export async function startRace(logs: readonly GroupLog[], count: number): Promise<Race> {
  let isOver = false;
  let failures = 0;
  const told = Array.from({ length: count }, (_, i): Told => ({
    groupId: named(`race ${i}`),
    messages: new Map(),
    commits: new Map(),
    winners: new Map(),
  }));
  const answers = new Map(told.map((one) => [one, 0]));

  /** Repeats the same request until there is an answer. */
  async function insist(
    one: Told,
    request: () => Promise<AppendOutcome>,
  ): Promise<AppendOutcome | undefined> {
    while (true)
      try {
        const outcome = await request();
        answers.set(one, (answers.get(one) ?? 0) + 1);
        return outcome;
      } catch (error) {
        if (!isAway(error)) throw error;
        failures++;
        // What has no answer yet may be in the log or not: an ended race leaves it open.
        if (isOver) return undefined;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
  }

  async function send(one: Told, log: GroupLog): Promise<void> {
    for (let i = 0; !isOver; i++) {
      const { epoch } = (await findGroup(log, one)) ?? { epoch: 0n };
      const sent = message(epoch, `${i}`, { groupId: one.groupId, maxPastEpochs: 1000 });
      const outcome = await insist(one, async () => (await log.appendMessages([sent]))[0] ?? never());
      if (outcome === undefined) return;
      if (!('sequence' in outcome)) throw new Error(`a message: ${outcome.outcome}`);
      one.messages.set(`message ${i}`, outcome.sequence);
    }
  }

  async function findGroup(log: GroupLog, { groupId }: Told): ReturnType<GroupLog['findGroup']> {
    return log.findGroup(groupId).catch((error: unknown) => {
      if (isAway(error)) return undefined;
      throw error;
    });
  }

  async function race(one: Told, log: GroupLog, racer: number): Promise<void> {
    for (let epoch = 0n; !isOver;) {
      const name = `${epoch} by ${racer}`;
      const outcome = await insist(one, () =>
        log.appendCommit(commit(epoch, name, { groupId: one.groupId })),
      );
      if (outcome === undefined) return;
      if (outcome.outcome === 'conflict') {
        // Told of a winner, or that this epoch has not begun: the writer runs ahead of nobody, so there must be one.
        const winner = outcome.winningCommitHash;
        if (winner === undefined) throw new Error('a conflict without a winner');
        one.winners.set(epoch, (one.winners.get(epoch) ?? new Set()).add(Buffer.from(winner).toString()));
        epoch++;
      } else if ('sequence' in outcome) {
        if (one.commits.has(epoch)) throw new Error('two commits were accepted for one epoch');
        one.commits.set(epoch, `hash ${name}`);
        epoch++;
      } else throw new Error(`a commit: ${outcome.outcome}`);
    }
  }

  const at = (i: number): GroupLog => logs[i % logs.length] ?? never();
  for (const { groupId } of told) await at(0).createGroup({ ...group, groupId });
  const writers = told.flatMap((one, i) => [send(one, at(i)), race(one, at(i), 0), race(one, at(i + 1), 1)]);
  const running = Promise.all(writers);
  // Looked at in the end; until then nobody waits for it.
  running.catch(() => {});

  return {
    failures: () => failures,
    progress: async (more) => {
      const goals = new Map([...answers].map(([one, sofar]) => [one, sofar + more]));
      const isThere = (): boolean => told.every((one) => (answers.get(one) ?? 0) >= (goals.get(one) ?? 0));
      await Promise.race([untilTrue(isThere), running]);
    },
    end: async (reader) => {
      isOver = true;
      await running;
      for (const one of told) check(one, await readWhole(reader, one.groupId));
      return told.reduce((sum, { messages, commits }) => sum + messages.size + commits.size, 0);
    },
  };
}

/** Checks one group's log against what its writers were told. */
function check({ messages, commits, winners }: Told, entries: readonly LogEntry[]): void {
  expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, i) => BigInt(i + 1)));
  const texts = entries.map((entry) => new TextDecoder().decode(entry.message));
  expect(new Set(texts).size).toBe(texts.length);
  for (const [text, sequence] of messages) expect(texts[Number(sequence) - 1]).toBe(text);
  const ended = new Map(
    entries.flatMap((entry) =>
      entry.kind === 'commit' ? [[entry.epoch, Buffer.from(entry.ended.commitHash).toString()]] : [],
    ),
  );
  for (const [epoch, hash] of commits) expect(ended.get(epoch)).toBe(hash);
  for (const [epoch, hashes] of winners) expect([...hashes]).toEqual([ended.get(epoch)]);
}

async function readWhole(log: GroupLog, groupId: Uint8Array): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  while (true) {
    const afterSequence = entries.at(-1)?.sequence ?? 0n;
    const page = await log.read({ groupId, afterSequence, limit: 1000, maxBytes: 1_000_000 });
    if (page.length === 0) return entries;
    entries.push(...page);
  }
}

function never(): never {
  throw new Error('there must be one');
}
