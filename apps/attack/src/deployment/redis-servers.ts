/**
 * Redis in containers, as a process of its own that starts them, hurts them when it is told to, and ends with this one.
 *
 * @module
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Which servers. */
export type ServersKind = 'single' | 'cluster' | 'sentinel';
/** What can be done to them: a freeze that nobody notices, one after which a replica takes over, a death and a new start. */
export type Deed = 'blink' | 'sleep' | 'restart' | 'failOver';

type Child = ChildProcessByStdio<Writable, Readable, null>;

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

  /** Starts them. @throws {NoEngineError} */
  static async start(kind: ServersKind): Promise<RedisServers> {
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
    this.#child.stdin.write(`${deed}\n`);
    const answer = await readLine(this.#lines);
    if (Reflect.get(answer, 'done') !== deed)
      throw new Error(`${deed}: ${String(Reflect.get(answer, 'why'))}`);
  }

  /** Ends and removes them. */
  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}

async function readLine(lines: AsyncIterator<string>): Promise<object> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error('the servers have ended');
  const line: unknown = JSON.parse(value);
  if (typeof line !== 'object' || line === null) throw new Error(`not understood: ${value}`);
  return line;
}
