import { describe, expect, it } from '@jest/globals';

import { ContentType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { openSenderData } from '../../src/framing/sender-data.ts';
import type { Group } from '../../src/group/group.ts';
import { recordsOf } from '../../src/group/records/record-changes.ts';
import type { RecordChange } from '../../src/group/records/record.ts';
import { decodeStagedCommit, encodeStagedCommit } from '../../src/group/records/staged-record.ts';
import { WireFormat } from '../../src/registries.ts';
import {
  empty,
  expectAgreement,
  follow,
  groupOf,
  hear,
  receive,
  restarted,
  say,
  type Party,
  type Peer,
} from '../parties.ts';
import { keeper, restoredFrom, textOf, type RecordStore } from './record-store.ts';

/** The end of a process. */
class Death extends Error {}

/** What is written together with the records: as a whole, and gone with the next write. */
interface Beside {
  /** A staged commit that is under way. */
  readonly pending?: Uint8Array;
  /** What is to be sent. */
  readonly message?: MLSMessage;
}

/** A disk: what is written is there when all of it is, and not before. It dies where it is told to. */
class Disk {
  records: RecordStore;
  beside: Beside;
  readonly #isAtomic: boolean;

  constructor(records: RecordStore, beside: Beside = {}, isAtomic = true) {
    this.records = records;
    this.beside = beside;
    this.#isAtomic = isAtomic;
  }

  copy(isAtomic = true): Disk {
    return new Disk(this.records.copy(), this.beside, isAtomic);
  }

  write(changes: readonly RecordChange[], beside: Beside, dieBefore: number): void {
    const written = this.#isAtomic ? this.records.copy() : this.records;
    for (const [at, change] of changes.entries()) {
      if (at === dieBefore) throw new Death();
      written.write([change]);
    }
    if (changes.length === dieBefore) throw new Death();
    this.records = written;
    this.beside = beside;
    if (changes.length + 1 === dieBefore) throw new Death();
  }
}

/** What Alice does, and what Bob has to do with it. */
interface Operation {
  readonly name: string;
  /** What Bob sends her first. */
  prepare?(bob: Peer): Promise<MLSMessage>;
  /** Gives what is to be stored beside what has changed in her state. */
  act(alice: Peer, incoming: MLSMessage | undefined, pending: Uint8Array | undefined): Promise<Beside>;
  /** What Bob does with what has left her. */
  answer?(bob: Peer, message: MLSMessage): Promise<unknown>;
}

const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty } as const;

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('something is missing');
  return value;
}

const says: Operation = {
  name: 'says something',
  act: (alice) => Promise.resolve({ message: say(alice, 'something') }),
  answer: (bob, message) => hear(bob, message),
};
const hears: Operation = {
  name: 'hears something',
  prepare: (bob) => Promise.resolve(say(bob, 'something')),
  act: async (alice, incoming) => {
    await hear(alice, needed(incoming));
    return {};
  },
};
const hearsAhead: Operation = {
  ...hears,
  name: 'hears the third before the first',
  prepare: (bob) =>
    Promise.resolve([say(bob, 'one'), say(bob, 'two'), say(bob, 'three')].at(-1)).then(needed),
};
const proposes: Operation = {
  name: 'proposes an Update',
  act: async (alice) => ({ message: await alice.group.proposeUpdate(framing) }),
  answer: (bob, message) => receive(bob, message),
};
const stages: Operation = {
  name: 'makes a commit',
  act: async (alice) => {
    const { message, staged } = await alice.group.commit({ forcePath: true });
    return { message, pending: encodeStagedCommit(staged) };
  },
  answer: (bob, message) => follow(bob, message),
};
const keeps: Operation = {
  name: 'keeps its commit',
  act: (alice, _incoming, pending) => {
    alice.group.keep(decodeStagedCommit(needed(pending), alice.group.state));
    return Promise.resolve({});
  },
};
const follows: Operation = {
  name: 'follows a commit',
  prepare: async (bob) => {
    const { message, staged } = await bob.group.commit({ forcePath: true });
    bob.group.keep(staged);
    return message;
  },
  act: async (alice, incoming) => {
    await follow(alice, needed(incoming));
    return {};
  },
};

const story: readonly Operation[] = [
  says,
  says,
  hears,
  hearsAhead,
  hears,
  proposes,
  stages,
  keeps,
  says,
  hears,
  follows,
  says,
  proposes,
  stages,
  keeps,
  follows,
  follows,
  follows,
  hears,
  says,
  says,
];

/** Which key a message was encrypted with. Bob can tell. */
function keyOf({ state }: Group, message: MLSMessage): string {
  if (message.wireFormat !== WireFormat.privateMessage) throw new Error('a PrivateMessage expected');
  const { privateMessage } = message;
  const { epoch, contentType } = privateMessage;
  const { senderDataSecret } = state.secrets;
  const { leafIndex, generation } = openSenderData(state.suite, senderDataSecret, privateMessage);
  return `${epoch} ${leafIndex} ${contentType === ContentType.application ? 'application' : 'handshake'} ${generation}`;
}

/** Two members; every time that Alice has done something, her process ends and another one reads her disk. */
class World {
  readonly #alice: Party;
  readonly #disk: Disk;
  readonly bob: Peer;
  /** What ever left Alice, by the key that it was encrypted with. */
  readonly #released: Map<string, MLSMessage>;

  constructor(alice: Party, bob: Peer, disk: Disk, released: Iterable<readonly [string, MLSMessage]> = []) {
    this.#alice = alice;
    this.bob = bob;
    this.#disk = disk;
    this.#released = new Map(released);
  }

  copy(isAtomic = true): World {
    return new World(this.#alice, restarted(this.bob), this.#disk.copy(isAtomic), this.#released);
  }

  alice(): Peer {
    return restoredFrom(this.#disk.records, this.#alice);
  }

  /** Lets Alice act and store it, then lets what she made leave. Gives what she was when she died over it. */
  async run(operation: Operation, incoming?: MLSMessage, dieBefore = Infinity): Promise<Peer | undefined> {
    const alice = this.alice();
    const beside = await operation.act(alice, incoming, this.#disk.beside.pending);
    try {
      this.#disk.write(alice.group.takeChanges(), beside, dieBefore);
    } catch (error) {
      if (error instanceof Death) return alice;
      throw error;
    }
    await this.send(operation);
    return undefined;
  }

  /** Lets leave what is to be sent, as the next process does too when it is not known to have left. */
  async send(operation: Operation): Promise<void> {
    const { message } = this.#disk.beside;
    if (message === undefined) return;
    const key = keyOf(this.bob.group, message);
    expect(this.#released.get(key) ?? message).toBe(message);
    this.#released.set(key, message);
    await operation.answer?.(this.bob, message);
  }

  get text(): string {
    return textOf(this.#disk.records.read());
  }

  /** Requires that both still understand each other, also when Alice's commit is under way. */
  async expectTogether(): Promise<void> {
    if (this.#disk.beside.pending !== undefined) await this.run(keeps);
    await this.run(stages);
    await this.run(keeps);
    await this.run(says);
    await this.run(hears, await hears.prepare?.(this.bob));
    expectAgreement([this.alice(), this.bob]);
  }
}

async function begin(): Promise<World> {
  const [alice, bob] = await groupOf(['alice', 'bob']);
  if (alice === undefined || bob === undefined) throw new Error('two expected');
  const { store } = keeper(alice);
  return new World(alice.party, bob, new Disk(store));
}

/** Dies at one place; says whether there was such a place. */
async function dieAt(
  before: World,
  operation: Operation,
  incoming: MLSMessage | undefined,
  dieBefore: number,
): Promise<boolean> {
  const world = before.copy();
  const dead = await world.run(operation, incoming, dieBefore);
  if (dead === undefined) return false;
  const isStored = world.text === textOf(recordsOf(dead.group.state));
  if (!isStored) expect(world.text).toBe(before.text);
  await (isStored ? world.send(operation) : world.run(operation, incoming));
  await world.expectTogether();
  return true;
}

describe('a member that is killed before any single write', () => {
  it('has the old state or the new one, goes on, and uses no key twice [R6.3.1-05]', async () => {
    const world = await begin();
    let deaths = 0;
    for (const operation of story) {
      const incoming = await operation.prepare?.(world.bob);
      for (let at = 0; await dieAt(world, operation, incoming, at); at++) deaths += 1;
      await world.run(operation, incoming);
    }
    await world.expectTogether();
    expect(deaths).toBeGreaterThan(150);
  });

  it('would have neither, if its store wrote one record after the other', async () => {
    const world = await begin();
    const incoming = await follows.prepare?.(world.bob);
    const torn = world.copy(false);
    const dead = await torn.run(follows, incoming, 3);
    if (dead === undefined) throw new Error('a death expected');
    expect(torn.text).not.toBe(world.text);
    expect(torn.text).not.toBe(textOf(recordsOf(dead.group.state)));
  });

  it('would use a key twice, if a message left it before it was stored', async () => {
    const world = await begin();
    await world.run(says);
    const keys = [0, 1].map((at) => keyOf(world.bob.group, say(world.alice(), `unstored ${at}`)));
    expect(keys).toEqual(['1 0 application 1', '1 0 application 1']);
  });
});
