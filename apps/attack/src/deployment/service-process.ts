/**
 * One replica of a service as a process that can be killed, frozen and started again on its port.
 *
 * @module
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** The services by the names of their rooms. */
export const SERVICES = ['authentication-service', 'key-directory', 'delivery-service'] as const;
/** A service by the name of its room. */
export type ServiceName = (typeof SERVICES)[number];

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const START_MS = 120_000;
const KEPT_COMPLAINTS = 20;
const APPS = join(import.meta.dirname, '..', '..', '..');

/** One replica. */
export class ServiceProcess {
  readonly name: ServiceName;
  readonly #settings: NodeJS.ProcessEnv;
  readonly #complaints: string[] = [];
  #child: Child | undefined;
  #port = 0;
  #isUp = false;
  #crashes = 0;
  #incidents = 0;

  constructor(name: ServiceName, settings: NodeJS.ProcessEnv) {
    this.name = name;
    this.#settings = settings;
  }

  /** Where it listens; the same after a new start. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** How often it ended although nobody had ended it. */
  get crashes(): number {
    return this.#crashes;
  }

  /** How many answers INTERNAL it logged as incidents. */
  get incidents(): number {
    return this.#incidents;
  }

  /** The last lines of its standard error, and its incidents. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** Whether it runs. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it and waits until it listens. */
  async start(): Promise<void> {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(APPS, this.name, 'src/main.ts')],
      {
        env: { ...process.env, ...this.#settings, CANOPY_PORT: String(this.#port) },
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    this.#isUp = false;
    // A write to a process that was killed is no fault.
    child.stdin.on('error', () => {});
    child.once('exit', () => this.#onExit(child));
    createInterface({ input: child.stderr }).on('line', (line) => this.#complain(line));
    await this.#listening(child);
  }

  /** Ends it with a signal and waits until it is gone. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Stops it where it stands, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  /** The memory that it has in use, in bytes (Linux only). */
  residentBytes(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  /** The processor time that it has used, in milliseconds (Linux only: in ticks of 10 ms). */
  processorMs(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    // The second field is the name in brackets, which may hold anything; utime and stime are the 14th and 15th.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Starts it again and again, as an orchestrator does, while what it stands on is away. @throws Error when it takes too long */
  async startAgain(): Promise<void> {
    const deadline = Date.now() + START_MS;
    for (;;) {
      try {
        await this.start();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  #onExit(child: Child): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (this.#isUp) this.#crashes += 1;
  }

  async #listening(child: Child): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (): void => reject(new Error(`${this.name} does not start: ${this.#complaints.join('\n')}`));
    const timer = setTimeout(fail, START_MS);
    child.once('exit', fail);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = readLine(line);
      if (entry.event === 'incident') this.#onIncident(line);
      if (entry.event !== 'listening' || entry.port === undefined) return;
      this.#port = entry.port;
      resolve();
    });
    await promise.finally(() => clearTimeout(timer));
    this.#isUp = true;
  }

  #onIncident(line: string): void {
    this.#incidents += 1;
    this.#complain(line);
  }

  #complain(line: string): void {
    this.#complaints.push(line);
    if (this.#complaints.length > KEPT_COMPLAINTS) this.#complaints.shift();
  }
}

interface LogLine {
  readonly event: unknown;
  readonly port: number | undefined;
}

function readLine(line: string): LogLine {
  const entry: unknown = line.startsWith('{') ? JSON.parse(line) : undefined;
  if (typeof entry !== 'object' || entry === null) return { event: undefined, port: undefined };
  const port: unknown = Reflect.get(entry, 'port');
  return { event: Reflect.get(entry, 'event'), port: typeof port === 'number' ? port : undefined };
}
