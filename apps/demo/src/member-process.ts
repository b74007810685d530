/**
 * The demo's end of a member process: commands, their results, and the events that the member tells.
 *
 * @module
 */

import { dirname, join } from 'node:path';
import type { Child, Children } from './child-process.ts';
import { parseReply, type Fields, type Reply } from './protocol.ts';
import type { Addresses } from './services.ts';

/** Who a process stands for. */
export interface Person {
  /** For the audience: "Alice's phone". */
  readonly name: string;
  /** For the authentication service: "alice". */
  readonly userName: string;
}

interface Waiting {
  readonly resolve: (fields: Fields) => void;
  readonly reject: (error: Error) => void;
}

const COMMAND_MS = 120_000;

/** A member process that can be killed and started again with the same state file. */
export class MemberProcess {
  readonly person: Person;
  readonly events: Fields[] = [];
  readonly #children: Children;
  readonly #stateFile: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watchers = new Set<() => void>();
  #child: Child | undefined;
  #lastId = 0;

  constructor(person: Person, children: Children, stateFile: string) {
    this.person = person;
    this.#children = children;
    this.#stateFile = stateFile;
  }

  /** Starts the process and opens its state. */
  async start({ authentication, directory, delivery }: Addresses): Promise<void> {
    const file = join(import.meta.dirname, 'member.ts');
    const environment = { NODE_COMPILE_CACHE: join(dirname(this.#stateFile), 'compiled') };
    const onLine = (line: string): void => this.#hear(parseReply(line));
    const child = this.#children.start(this.person.name, file, environment, onLine);
    this.#child = child;
    child.ended.then(
      () => this.#failAll(`the process of ${this.person.name} ended: ${child.complaints.join('\n')}`),
      () => {},
    );
    await this.do('open', this.#stateFile, authentication, directory, delivery);
  }

  /** Sends a command and waits for its result. */
  do(name: string, ...parameters: readonly string[]): Promise<Fields> {
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Fields>();
    const timer = setTimeout(() => reject(this.#late(name)), COMMAND_MS);
    this.#waiting.set(id, { resolve, reject });
    this.#child?.process.stdin.write(`${JSON.stringify({ id, name, parameters })}\n`);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    });
  }

  /** Waits until the events so far satisfy a condition. */
  until(
    what: string,
    isSatisfied: (events: readonly Fields[]) => boolean,
    withinMs = COMMAND_MS,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = (): void => {
      if (isSatisfied(this.events)) resolve();
    };
    const timer = setTimeout(() => reject(this.#late(what)), withinMs);
    this.#watchers.add(check);
    check();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(check);
    });
  }

  /** Gives the texts of the messages that were received, in order, those told twice once. */
  messages(): readonly { readonly sequence: bigint; readonly text: string }[] {
    const bySequence = new Map<string, string>();
    for (const { kind, sequence = '0', data = '' } of this.events) {
      if (kind === 'message') bySequence.set(sequence, data);
    }
    return Array.from(bySequence, ([sequence, text]) => ({ sequence: BigInt(sequence), text }));
  }

  /** Kills the process without warning, as a crash would. */
  async kill(): Promise<void> {
    this.#child?.process.kill('SIGKILL');
    await this.#child?.ended;
  }

  #hear(reply: Reply): void {
    if (reply.kind === 'event') {
      this.events.push(reply.fields);
      for (const check of this.#watchers) check();
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    if (reply.kind === 'result') waiting?.resolve(reply.fields);
    else waiting?.reject(new Error(`${this.person.name}: ${reply.reason}`));
  }

  #late(what: string): Error {
    const complaints = this.#child?.complaints.join('\n') ?? '';
    return new Error(`${this.person.name} did not manage in time: ${what}\n${complaints}`);
  }

  #failAll(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
  }
}
