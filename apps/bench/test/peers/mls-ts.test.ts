import { describe, expect, it } from '@jest/globals';

import { createCanopy } from '../../src/peers/canopy.ts';
import { createMlsTs } from '../../src/peers/mls-ts.ts';
import type { MlsTsModule } from '../../src/peers/mls-ts-bindings.ts';
import { NotOffered, type PeerClient } from '../../src/peers/peer.ts';

const SUITE = 3;
const canopy = createCanopy('node');
const keyPackage = Uint8Array.of(0, 1, 0, 5, 55);
const treeOfOne = [1];
const treeAfterCommit = [2, 2];

/** Real messages, as the bindings make them. */
interface Messages {
  readonly proposal: Uint8Array;
  readonly commit: Uint8Array;
  readonly welcome: Uint8Array;
}

async function makeMessages(groupId: Uint8Array): Promise<Messages> {
  const founder = await canopy.createClient(SUITE, 'founder');
  const group = await founder.createGroup(groupId);
  const joiner = await canopy.createClient(SUITE, 'joiner');
  const proposal = await group.proposeAdd(await joiner.createKeyPackage());
  const { commit, welcome } = await group.commit({});
  if (welcome === undefined) throw new Error('a Welcome expected');
  return { proposal, commit, welcome };
}

class FakeProvider {
  serialize(): Uint8Array {
    return new Uint8Array(1000);
  }

  static from_bytes(): FakeProvider {
    return new FakeProvider();
  }
}

class FakeIdentity {
  serialize(): Uint8Array {
    return new Uint8Array(30);
  }

  static from_bytes(): FakeIdentity {
    return new FakeIdentity();
  }
}

/** Answers as the bindings do, and writes down what it is given. */
class FakeBindings {
  readonly processed: Uint8Array[] = [];
  readonly joined: unknown[][] = [];
  readonly loaded: string[] = [];
  readonly #messages: Messages;

  constructor(messages: Messages) {
    this.#messages = messages;
  }

  get module(): MlsTsModule {
    const raw = {
      Provider: FakeProvider,
      Identity: FakeIdentity,
      Group: {
        create_new: () => this.#group(treeOfOne),
        join: (_provider: unknown, ...parts: unknown[]) => {
          this.joined.push(parts);
          return this.#group(treeAfterCommit);
        },
        load: (_provider: unknown, groupId: string) => {
          this.loaded.push(groupId);
          return this.#group(treeAfterCommit);
        },
      },
      KeyPackage: { from_bytes: (bytes: Uint8Array) => bytes },
      RatchetTree: { from_bytes: (bytes: Uint8Array) => [...bytes] },
    };
    // oxlint-disable-next-line no-unsafe-type-assertion -- the bindings' handles cannot be made outside of them
    return { raw } as unknown as MlsTsModule;
  }

  #group(before: readonly number[]): object {
    let tree = before;
    return {
      export_ratchet_tree: () => ({ to_bytes: () => Uint8Array.from(tree) }),
      propose_and_commit_add: () => this.#messages,
      create_message: () => this.#messages.commit,
      merge_pending_commit: () => {
        tree = treeAfterCommit;
      },
      process_message: (_provider: unknown, message: Uint8Array) => {
        this.processed.push(message);
        return new Uint8Array(0);
      },
    };
  }
}

interface Stand {
  readonly fake: FakeBindings;
  readonly client: PeerClient;
  readonly messages: Messages;
}

async function stand(groupId: Uint8Array = Buffer.from('a text')): Promise<Stand> {
  const messages = await makeMessages(groupId);
  const fake = new FakeBindings(messages);
  return { fake, client: await createMlsTs(fake.module, '0').createClient(SUITE, 'a'), messages };
}

describe('mls-ts as a peer', () => {
  it('hands the proposal to the others before the commit that refers to it', async () => {
    const { fake, client, messages } = await stand();
    const { commit } = await (await client.createGroup(Buffer.from('x'))).commit({ add: [keyPackage] });
    const other = await client.join(messages.welcome, Uint8Array.from(treeAfterCommit));
    await other.process(commit);
    expect(fake.processed.map((bytes) => Buffer.from(bytes))).toEqual(
      [messages.proposal, messages.commit].map((bytes) => Buffer.from(bytes)),
    );
  });

  it('hands the tree after the commit to whom it adds', async () => {
    const { fake, client, messages } = await stand();
    const member = await client.createGroup(Buffer.from('x'));
    expect(await member.ratchetTree()).toEqual(Uint8Array.from(treeOfOne));
    const { welcome } = await member.commit({ add: [keyPackage] });
    if (welcome === undefined) throw new Error('a Welcome expected');
    await client.join(welcome, await member.ratchetTree());
    expect(fake.joined).toEqual([[messages.welcome, treeAfterCommit]]);
  });

  it('does not join without a tree beside the Welcome', async () => {
    const { client, messages } = await stand();
    await expect(client.join(messages.welcome, undefined)).rejects.toThrow('beside the Welcome');
  });

  it('saves all that there is, and loads a group by the id that its messages carry', async () => {
    const { fake, client, messages } = await stand(Buffer.from('group 7'));
    const member = await client.join(messages.welcome, Uint8Array.from(treeAfterCommit));
    expect(await member.save()).toBe(1030);
    await member.load();
    expect(fake.loaded).toEqual(['group 7']);
  });

  it('says that it cannot load a group whose id is no text', async () => {
    const { client, messages } = await stand(Uint8Array.of(0xff, 0xfe));
    const member = await client.join(messages.welcome, Uint8Array.from(treeAfterCommit));
    await member.save();
    await expect(member.load()).rejects.toThrow(NotOffered);
  });

  it('says what it cannot do', async () => {
    const { client } = await stand();
    const member = await client.createGroup(Buffer.from('x'));
    await expect(member.commit({})).rejects.toThrow(NotOffered);
    await expect(member.commit({ remove: [1] })).rejects.toThrow(NotOffered);
    await expect(member.commit({ add: [keyPackage, keyPackage] })).rejects.toThrow(NotOffered);
    await expect(member.proposeAdd(keyPackage)).rejects.toThrow(NotOffered);
    await expect(member.groupInfo()).rejects.toThrow(NotOffered);
    await expect(client.joinExternally(keyPackage)).rejects.toThrow(NotOffered);
  });
});
