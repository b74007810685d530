/**
 * Processes that the demo starts, and the certainty that none is left.
 *
 * @module
 */

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process of this demo, with its output by lines. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly process: ChildProcessWithoutNullStreams;
  /** Resolves when the process is gone. */
  readonly ended: Promise<unknown>;
  /** The last lines of its standard error. */
  readonly complaints: readonly string[];
}

const GRACE_MS = 10_000;
const KEPT_COMPLAINTS = 20;

/** Starts and ends processes. */
export class Children {
  readonly #all: Child[] = [];

  /** How many processes were started so far. */
  get started(): number {
    return this.#all.length;
  }

  /** Runs a TypeScript file as a process; each line of its output goes to the listener. */
  start(
    name: string,
    file: string,
    environment: Readonly<Record<string, string>>,
    onLine: (line: string) => void,
  ): Child {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { pid } = child;
    if (pid === undefined) throw new Error(`${name} could not be started`);
    const complaints: string[] = [];
    createInterface({ input: child.stdout }).on('line', onLine);
    createInterface({ input: child.stderr }).on('line', (line) => {
      complaints.push(line);
      if (complaints.length > KEPT_COMPLAINTS) complaints.shift();
    });
    // A write to a process that was killed is no fault of the demo.
    child.stdin.on('error', () => {});
    const started = { name, pid, process: child, ended: once(child, 'exit'), complaints };
    this.#all.push(started);
    return started;
  }

  /** Ends every process: asks first, then kills. Gives those that had to be killed. */
  async endAll(): Promise<readonly string[]> {
    const killed = await Promise.all(this.#all.toReversed().map((child) => end(child)));
    return killed.filter((name) => name !== undefined);
  }

  /** Gives the processes that still exist. */
  alive(): readonly string[] {
    return this.#all.filter((child) => isAlive(child.pid)).map(({ name, pid }) => `${name} (${pid})`);
  }
}

async function end(child: Child): Promise<string | undefined> {
  if (child.process.exitCode !== null || child.process.signalCode !== null) return undefined;
  child.process.stdin.end();
  const timer = setTimeout(() => child.process.kill('SIGKILL'), GRACE_MS);
  await child.ended;
  clearTimeout(timer);
  return child.process.signalCode === 'SIGKILL' ? child.name : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
