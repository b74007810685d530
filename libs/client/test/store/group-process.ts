/**
 * A member of a group as a process of its own, without services: it is killed at any moment, and lets nothing leave
 * before it is stored.
 *
 * It reads one command per line: a word and what it is about. It tells what is to be sent, again and again until it hears
 * that it has arrived: `message <position> <hex>` and `commit <hex>`. Beside that it tells `heard <text>`, `known <hex>` of
 * what it has heard before, and `authenticator <hex>`.
 *
 * @module
 */
import { createInterface } from 'node:readline';
import { decodeStagedCommit, encodeMessage, encodeStagedCommit, MlsError, type Group } from '@canopy/mls';
import { openStore, type Store } from '../../src/store/store.ts';
import { CONVERSATION, data, fromLine, hear, hex, restore, say } from './store-group.ts';

function tell(word: string, what: string): void {
  process.stdout.write(`${word} ${what}\n`);
}

class Member {
  readonly #store: Store;
  readonly #group: Group;

  constructor(store: Store) {
    this.#store = store;
    this.#group = restore(store);
    this.#sendAll();
  }

  async obey(word: string, what: string): Promise<void> {
    switch (word) {
      case 'say':
        return this.#say(what);
      case 'hear':
        return this.#hear(what);
      case 'commit':
        return this.#commit();
      case 'arrived':
        this.#store.outgoing.delete(BigInt(what));
        return this.#sendAll();
      case 'accepted':
        return this.#keep(what);
      case 'compare':
        return tell('authenticator', hex(this.#group.epochAuthenticator));
      default:
        throw new Error(`no such command: ${word}`);
    }
  }

  #say(text: string): void {
    const message = {
      requestId: data(''),
      epoch: this.#group.epoch,
      message: encodeMessage(say(this.#group, text)),
    };
    this.#save(() => this.#store.outgoing.add(CONVERSATION, message, data(text)));
    this.#sendAll();
  }

  async #hear(line: string): Promise<void> {
    try {
      const text = await hear(this.#group, fromLine(line));
      this.#save(() => {});
      tell('heard', text);
    } catch (error) {
      if (!(error instanceof MlsError && error.code === 'GENERATION_CONSUMED')) throw error;
      tell('known', line);
    }
  }

  /** One at a time, and not before the messages of the epoch have arrived. */
  async #commit(): Promise<void> {
    const { conversations, outgoing } = this.#store;
    if (conversations.pendingCommit(CONVERSATION) ?? outgoing.first(CONVERSATION, 1)[0]) return;
    const { message, staged } = await this.#group.commit({ forcePath: true });
    const pending = { bundle: encodeMessage(message), change: '', staged: encodeStagedCommit(staged) };
    this.#save(() => this.#store.conversations.savePendingCommit(CONVERSATION, pending));
    this.#sendAll();
  }

  #keep(line: string): void {
    const pending = this.#store.conversations.pendingCommit(CONVERSATION);
    if (pending === undefined || hex(pending.bundle) !== line) return;
    this.#group.keep(decodeStagedCommit(pending.staged, this.#group.state));
    this.#save(() => this.#store.conversations.deletePendingCommit(CONVERSATION));
  }

  #save(more: () => void): void {
    this.#store.transaction(() => {
      this.#store.conversations.saveRecords(CONVERSATION, this.#group.takeChanges());
      more();
    });
  }

  #sendAll(): void {
    const outgoing = this.#store.outgoing.first(CONVERSATION, 1)[0];
    if (outgoing !== undefined) tell('message', `${outgoing.position} ${hex(outgoing.message)}`);
    const pending = this.#store.conversations.pendingCommit(CONVERSATION);
    if (pending !== undefined) tell('commit', hex(pending.bundle));
  }
}

const member = new Member(openStore(process.argv[2] ?? ''));
tell('ready', '');
for await (const line of createInterface(process.stdin)) {
  const [word = '', ...rest] = line.split(' ');
  await member.obey(word, rest.join(' '));
}
