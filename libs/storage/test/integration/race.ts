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
import { untilTrue } from './redis-node.ts';

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

const PAUSE_MS = 20;

/** Writers on some groups: one of each sends messages, and two race for every epoch, through several connections. */
export class Race {
  readonly #told: readonly Told[];
  readonly #answers = new Map<Told, number>();
  readonly #running: Promise<unknown>;
  #isOver = false;
  #failures = 0;

  private constructor(logs: readonly GroupLog[], told: readonly Told[]) {
    this.#told = told;
    const at = (i: number): GroupLog => logs[i % logs.length] ?? never();
    this.#running = Promise.all(
      told.flatMap((one, i) => [
        this.#send(one, at(i)),
        this.#commit(one, at(i), 'one'),
        this.#commit(one, at(i + 1), 'two'),
      ]),
    );
    // Looked at in the end; until then nobody waits for it.
    this.#running.catch(() => {});
  }

  /** Opens groups and starts their writers. */
  static async start(logs: readonly GroupLog[], count: number): Promise<Race> {
    const told = Array.from({ length: count }, (_, i): Told => ({
      groupId: named(`race ${i}`),
      messages: new Map(),
      commits: new Map(),
      winners: new Map(),
    }));
    for (const { groupId } of told) await logs[0]?.createGroup({ ...group, groupId });
    return new Race(logs, told);
  }

  /** How often writers were told to come back. */
  get failures(): number {
    return this.#failures;
  }

  /** Waits until every group has had so many more answers. */
  async progress(more: number): Promise<void> {
    const before = new Map(this.#answers);
    const gained = (one: Told): number => (this.#answers.get(one) ?? 0) - (before.get(one) ?? 0);
    await Promise.race([untilTrue(() => this.#told.every((one) => gained(one) >= more)), this.#running]);
  }

  /** Ends the writers and checks the logs; gives how many writes were accepted. */
  async end(reader: GroupLog): Promise<number> {
    this.#isOver = true;
    await this.#running;
    for (const one of this.#told) check(one, await readWhole(reader, one.groupId));
    return this.#told.reduce((sum, { messages, commits }) => sum + messages.size + commits.size, 0);
  }

  async #send(one: Told, log: GroupLog): Promise<void> {
    for (let i = 0; !this.#isOver; i++) {
      const sent = message(0n, `${i}`, { groupId: one.groupId, maxPastEpochs: 1_000_000 });
      const outcome = await this.#insist(one, async () => (await log.appendMessages([sent]))[0] ?? never());
      if (outcome === undefined) return;
      if (!('sequence' in outcome)) throw new Error(`a message: ${outcome.outcome}`);
      one.messages.set(`message ${i}`, outcome.sequence);
    }
  }

  async #commit(one: Told, log: GroupLog, racer: string): Promise<void> {
    for (let epoch = 0n; !this.#isOver; epoch++) {
      const name = `${epoch} by ${racer}`;
      const offered = commit(epoch, name, { groupId: one.groupId });
      const outcome = await this.#insist(one, () => log.appendCommit(offered));
      if (outcome === undefined) return;
      if ('sequence' in outcome) {
        if (one.commits.has(epoch)) throw new Error('two commits were accepted for one epoch');
        one.commits.set(epoch, `hash ${name}`);
      } else if (outcome.outcome === 'conflict' && outcome.winningCommitHash !== undefined)
        note(one.winners, epoch, outcome.winningCommitHash);
      // The racer is never ahead of the group: whoever beat it must be named.
      else throw new Error(`a commit: ${outcome.outcome} without a winner`);
    }
  }

  /** Repeats the same request until there is an answer; none when the race ends before: it may have been done or not. */
  async #insist(one: Told, request: () => Promise<AppendOutcome>): Promise<AppendOutcome | undefined> {
    while (true)
      try {
        const outcome = await request();
        this.#answers.set(one, (this.#answers.get(one) ?? 0) + 1);
        return outcome;
      } catch (error) {
        if (!isAway(error)) throw error;
        this.#failures++;
        if (this.#isOver) return undefined;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
  }
}

function note(winners: Map<bigint, Set<string>>, epoch: bigint, hash: Uint8Array): void {
  winners.set(epoch, (winners.get(epoch) ?? new Set()).add(Buffer.from(hash).toString()));
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
