/**
 * The processes of a run: services, stores, load generators.
 *
 * @module
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How a process is started. */
export interface StartOptions {
  /** Its name in complaints. */
  readonly name: string;
  readonly command: string;
  readonly parameters: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether messages go both ways, with bytes and bigints as they are. */
  readonly talks?: boolean;
}

/** A process that was started here. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** Rejects when the process ends, with what it complained of; for races against what is expected of it. */
  readonly died: Promise<never>;
  /** Waits for a line of its output that gives something. */
  line<T>(find: (line: string) => T | undefined): Promise<T>;
  /** Has somebody hear every line that it writes, of its output and of its complaints. */
  hear(listener: (line: string) => void): void;
  /** Ends it: asks first, kills after a while. */
  end(): Promise<void>;
}

/** What still runs: whoever breaks a run off must not leave it behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

const GRACE_MS = 10_000;
const KEPT_COMPLAINTS = 20;

/** Starts a process. */
export function start(options: StartOptions): Child {
  const { name, command, parameters } = options;
  const stdio: StdioOptions = ['pipe', 'pipe', 'pipe', ...(options.talks === true ? (['ipc'] as const) : [])];
  const child = spawn(command, parameters, {
    env: { ...process.env, ...options.environment },
    serialization: 'advanced',
    stdio,
  });
  const complaints: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const { stdout, stderr, stdin, pid } = child;
  if (stdout === null || stderr === null || pid === undefined) throw new Error(`${name} cannot be started`);
  createInterface({ input: stdout }).on('line', (line) => listeners.forEach((hear) => hear(line)));
  createInterface({ input: stderr }).on('line', (line) => {
    complaints.push(line);
    if (complaints.length > KEPT_COMPLAINTS) complaints.shift();
    listeners.forEach((hear) => hear(line));
  });
  stdin?.on('error', () => {});
  running.add(child);
  child.once('exit', () => running.delete(child));
  const exit = once(child, 'exit');
  const died = exit.then(() => {
    throw new Error(`${name} ended: ${complaints.join('\n')}`);
  });
  // Whoever waits for the process hears of it; nobody else has to.
  died.catch(() => {});
  const line = <T>(find: (text: string) => T | undefined): Promise<T> => {
    const { promise, resolve } = Promise.withResolvers<T>();
    const hear = (text: string): void => {
      const found = find(text);
      if (found === undefined) return;
      listeners.delete(hear);
      resolve(found);
    };
    listeners.add(hear);
    return Promise.race([promise, died]);
  };
  return {
    name,
    pid,
    process: child,
    died,
    line,
    hear: (listener) => void listeners.add(listener),
    end: () => end(child, exit),
  };
}

async function end(child: ChildProcess, exit: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await exit;
  clearTimeout(timer);
}
