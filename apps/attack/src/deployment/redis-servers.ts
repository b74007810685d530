/**
 * Redis in containers, as a process of its own that starts them, hurts them when it is told to, and ends with this one.
 *
 * @module
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Readable, Writable } from 'node:stream';

/** Which servers. */
export type ServersKind = 'single' | 'cluster' | 'sentinel';
/** What can be done to them: a freeze that nobody notices, one after which a replica takes over, a death and a new start. */
export type Deed = 'blink' | 'sleep' | 'restart' | 'failOver';

type Child = ChildProcessByStdio<Writable, Readable, null>;

const LATEST_MS = 90_000;
const PROGRAM = join(import.meta.dirname, '../../../../libs/storage/test/integration/servers-process.ts');

/** There is no Docker engine to start containers with. */
export class NoEngineError extends Error {
  override readonly name = 'NoEngineError';
}

/** Servers that run. */
export class RedisServers {
  readonly urls: readonly string[];
  readonly #child: Child;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: Child, lines: AsyncIterator<string>, urls: readonly string[]) {
    this.#child = child;
    this.#lines = lines;
    this.urls = urls;
  }

  /** Says why there are no containers here; undefined when there are. */
  static async whyNone(): Promise<string | undefined> {
    try {
      await (await RedisServers.start('none')).stop();
      return undefined;
    } catch (error) {
      if (error instanceof NoEngineError) return error.message;
      throw error;
    }
  }

  /** Starts them. @throws {NoEngineError} */
  static async start(kind: ServersKind | 'none'): Promise<RedisServers> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, kind], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.on('error', () => {});
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await readLine(lines);
    const reason = Reflect.get(first, 'noEngine');
    if (typeof reason === 'string') throw new NoEngineError(`no Docker engine: ${reason}`);
    const urls: unknown = Reflect.get(first, 'urls');
    if (!Array.isArray(urls)) throw new Error('the servers do not start');
    return new RedisServers(child, lines, urls.map(String));
  }

  /** Does something to a master, and resolves when all is as it was. */
  async inflict(deed: Deed): Promise<void> {
    await this.#ask(deed);
  }

  /** Gives the hash of what each key of a single server holds. */
  async dump(): Promise<ReadonlyMap<string, string>> {
    const keys: unknown = Reflect.get(await this.#ask('dump'), 'keys');
    if (typeof keys !== 'object' || keys === null) throw new Error('no keys');
    return new Map(Object.entries(keys).map(([key, hash]) => [key, String(hash)]));
  }

  async #ask(what: string): Promise<object> {
    this.#child.stdin.write(`${what}\n`);
    const answer = await Promise.race([readLine(this.#lines), late(what)]);
    if (Reflect.get(answer, 'done') === what) return answer;
    throw new Error(`${what}: ${String(Reflect.get(answer, 'why'))}`);
  }

  /** Ends and removes them. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}

/** Servers that do not get well again are no reason to wait for ever. */
async function late(what: string): Promise<never> {
  await pause(LATEST_MS, undefined, { ref: false });
  throw new Error(`${what}: the servers are not well again after ${LATEST_MS / 1000} s`);
}

async function readLine(lines: AsyncIterator<string>): Promise<object> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error('the servers have ended');
  const line: unknown = JSON.parse(value);
  if (typeof line !== 'object' || line === null) throw new Error(`not understood: ${value}`);
  return line;
}
