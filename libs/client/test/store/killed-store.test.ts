import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Group } from '@canopy/mls';
import { openStore } from '../../src/store/store.ts';
import { begin, follow, fromLine, groupOfTwo, hear, hex, say, toLine } from './store-group.ts';

const PROGRAM = fileURLToPath(new URL('./group-process.ts', import.meta.url));

let folder: string;
let path: string;
const processes: MemberProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'canopy-killed-'));
  path = join(folder, 'state.sqlite');
});
afterEach(async () => {
  for (const process of processes.splice(0)) await process.kill();
  rmSync(folder, { recursive: true });
});

/** A member in a process of its own. */
class MemberProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;
  #errors = '';

  constructor() {
    const args = ['--disable-warning=ExperimentalWarning', PROGRAM, path];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#exited = once(this.#child, 'exit');
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    processes.push(this);
  }

  tell(word: string, what = ''): void {
    this.#child.stdin.write(`${word} ${what}\n`);
  }

  /** The next thing that it tells; undefined when it is dead. @throws when it died by itself */
  async next(): Promise<readonly [word: string, what: string] | undefined> {
    const { value, done } = await this.#lines.next();
    if (done === true) {
      await this.#exited;
      if (this.#child.signalCode !== 'SIGKILL') throw new Error(`the process failed: ${this.#errors}`);
      return undefined;
    }
    const [word = '', ...rest] = value.split(' ');
    return [word, rest.join(' ')];
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** The other member, who never dies and notices everything. */
class Witness {
  readonly #bob: Group;
  readonly #seen = new Set<string>();
  readonly #unheard = new Map<string, string>();
  readonly #told: string[] = [];
  /** What the process was told to say and what of it came. */
  readonly texts: string[] = [];
  commits = 0;
  #count = 0;

  constructor(bob: Group) {
    this.#bob = bob;
  }

  get authenticator(): string {
    return hex(this.#bob.epochAuthenticator);
  }

  /** Sends what was not heard yet, and something new. */
  speak(to: MemberProcess): void {
    const text = `from bob ${this.#count++}`;
    this.#unheard.set(toLine(say(this.#bob, text)), text);
    for (const line of this.#unheard.keys()) to.tell('hear', line);
  }

  /** Reacts to what the process tells. */
  async hearFrom(process: MemberProcess, word: string, what: string): Promise<void> {
    if (word === 'message') await this.#takeMessage(process, what);
    if (word === 'commit') await this.#takeCommit(process, what);
    if (word === 'heard') this.#noteHeard(what);
    if (word === 'known') this.#unheard.delete(what);
  }

  async #takeMessage(process: MemberProcess, what: string): Promise<void> {
    const [position = '', line = ''] = what.split(' ');
    if (this.#isNew(line)) this.texts.push(await hear(this.#bob, fromLine(line)));
    process.tell('arrived', position);
  }

  async #takeCommit(process: MemberProcess, line: string): Promise<void> {
    if (this.#isNew(line)) {
      await follow(this.#bob, fromLine(line));
      this.commits += 1;
    }
    process.tell('accepted', line);
  }

  #noteHeard(heard: string): void {
    expect(this.#told).not.toContain(heard);
    this.#told.push(heard);
    for (const [line, text] of this.#unheard) if (text === heard) this.#unheard.delete(line);
  }

  get isHeard(): boolean {
    return this.#unheard.size === 0;
  }

  /** The same bytes may come again: after a death nobody knows whether they had left. */
  #isNew(line: string): boolean {
    if (this.#seen.has(line)) return false;
    this.#seen.add(line);
    return true;
  }
}

/** Starts the process and lets it tell what is left from before. */
async function start(witness: Witness): Promise<MemberProcess> {
  const process = new MemberProcess();
  for (;;) {
    const told = await process.next();
    if (told === undefined) throw new Error('the process died at once');
    const [word, what] = told;
    if (word === 'ready') return process;
    await witness.hearFrom(process, word, what);
  }
}

/** Lets everything come to an end, and requires that both are in the same epoch then. */
async function expectSettled(witness: Witness, process: MemberProcess): Promise<void> {
  for (let isQuiet = false; !isQuiet;) {
    process.tell('compare');
    isQuiet = true;
    for (let told = await process.next(); told?.[0] !== 'authenticator'; told = await process.next()) {
      if (told === undefined) throw new Error('the process died');
      isQuiet = false;
      await witness.hearFrom(process, ...told);
    }
  }
  process.tell('compare');
  expect(await process.next()).toEqual(['authenticator', witness.authenticator]);
}

/** Gives it much to do at once and kills it after it has told some things, wherever it is then. */
async function disturb(witness: Witness, round: number, patience: number): Promise<void> {
  const process = await start(witness);
  // A commit is made when nothing else is on its way.
  if (round % 2 === 0) await expectSettled(witness, process);
  process.tell('commit');
  witness.speak(process);
  for (const text of ['a', 'b', 'c']) process.tell('say', `${round} ${text}`);
  witness.speak(process);
  process.tell('commit');
  for (let count = 0; count < patience; count += 1) {
    // So that there is something to be told.
    process.tell('compare');
    const told = await process.next();
    if (told === undefined) return;
    await witness.hearFrom(process, ...told);
    if (count % 3 === 2) process.tell('commit');
  }
  await process.kill();
}

describe('a member that is killed wherever it is', () => {
  it('goes on with the state before or after, and never uses a key twice', async () => {
    const { alice, bob } = await groupOfTwo();
    const store = openStore(path);
    begin(store, alice);
    store.close();
    const witness = new Witness(bob);
    const patience = [5, 0, 9, 1, 12, 3, 2, 15, 7, 4, 20, 6];
    for (const [round, lines] of patience.entries()) await disturb(witness, round, lines);
    const last = await start(witness);
    witness.speak(last);
    last.tell('say', 'the end');
    await expectSettled(witness, last);
    expect(witness.isHeard).toBe(true);
    expect(witness.texts.at(-1)).toBe('the end');
    // In their order, each once; some were never stored.
    expect(witness.texts).toEqual([...new Set(witness.texts)]);
    expect(witness.texts.length).toBeGreaterThan(10);
    expect(witness.commits).toBeGreaterThan(2);
  }, 120_000);
});
