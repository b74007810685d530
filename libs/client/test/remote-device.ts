/**
 * A client in another process, which tests kill.
 *
 * @module
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Command, ProcessSettings } from './device-process.ts';

const PROGRAM = fileURLToPath(new URL('./device-process.ts', import.meta.url));

/** One line of what the process says. */
export type Line = Readonly<Record<string, unknown>>;

/** A client in a process of its own. */
export class RemoteDevice {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;
  /** What it received, in order. */
  readonly events: Line[] = [];
  #errors = '';

  constructor(settings: ProcessSettings) {
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', PROGRAM, JSON.stringify(settings)],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.#exited = once(this.#child, 'exit');
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Has a command done; undefined when the process dies over it. */
  async tell(command: Command): Promise<Line | undefined> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    return this.#until((line) => line['done'] === command.do);
  }

  /** Reads events up to a message with this text, or to the death of the process. */
  async untilText(text: string): Promise<Line | undefined> {
    return (
      this.events.find((event) => event['text'] === text) ?? this.#until((line) => line['text'] === text)
    );
  }

  /** Reads events up to the next message, or to the death of the process. */
  untilMessage(): Promise<Line | undefined> {
    return this.#until((line) => line['kind'] === 'message');
  }

  /** Kills the process, if it has not died, and reads what it has said before. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    await this.#until(() => false);
  }

  /** Waits until the process has died by itself. @throws when it ends in another way than by SIGKILL */
  async died(): Promise<void> {
    await this.#exited;
    if (this.#child.signalCode !== 'SIGKILL') throw new Error(`the process failed: ${this.#errors}`);
  }

  async #until(isWanted: (line: Line) => boolean): Promise<Line | undefined> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) return undefined;
      const line: unknown = JSON.parse(value);
      if (typeof line !== 'object' || line === null) continue;
      const read: Line = { ...line };
      if ('kind' in read) this.events.push(read);
      if (isWanted(read)) return read;
    }
  }
}

/** The texts of the messages that a process received. */
export function textsIn(events: readonly Line[]): readonly unknown[] {
  return events.filter((event) => event['kind'] === 'message').map((event) => event['text']);
}
