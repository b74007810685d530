import { describe, expect, it } from '@jest/globals';

import { createCoreCrypto } from '../../src/peers/core-crypto.ts';
import type { Context, CoreCryptoModule, MlsTransport } from '../../src/peers/core-crypto-bindings.ts';
import { NotOffered, type PeerMember } from '../../src/peers/peer.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

/** Keeps the bytes that it was made from. */
class FakeHandle {
  readonly bytes: unknown;

  constructor(made: unknown) {
    this.bytes = made;
  }
}

/** As the library's errors are: a message that says little, and the rest in fields. */
class FakeError extends Error {
  readonly inner = { msg: 'the store is full', epoch: 7n };
}

/** Answers as the library does, and writes down what it is asked for. */
class FakeCoreCrypto {
  readonly asked: unknown[][] = [];

  get module(): CoreCryptoModule {
    const fake = {
      Database: { inMemory: () => Promise.resolve({}) },
      CoreCrypto: { new: () => this.#core() },
      Credential: { basic: () => ({}) },
      Uuid: FakeHandle,
      DeviceId: FakeHandle,
      ClientId: FakeHandle,
      ConversationId: FakeHandle,
      KeyPackage: FakeHandle,
      Welcome: FakeHandle,
      GroupInfo: FakeHandle,
    };
    // oxlint-disable-next-line no-unsafe-type-assertion -- the library's handles cannot be made outside of it
    return fake as unknown as CoreCryptoModule;
  }

  #core(): object {
    const context = this.#context();
    return { transaction: (callback: (context: unknown) => unknown) => callback(context) };
  }

  #context(): Readonly<Partial<Record<keyof Context, (...parts: never[]) => Promise<unknown>>>> {
    let transport: MlsTransport | undefined;
    const send = async (...call: unknown[]): Promise<void> => {
      this.asked.push(call);
      const groupInfo = { payload: bytes(0, 1, 0, 4, 44) };
      await transport?.sendCommitBundle({ commit: bytes(1), groupInfo });
    };
    return {
      mlsInit: (_client: unknown, given: MlsTransport) => {
        transport = given;
        return Promise.resolve();
      },
      addCredential: () => Promise.resolve({}),
      createConversation: () => Promise.resolve(),
      generateKeyPackage: () => Promise.resolve({ serialize: () => bytes(55) }),
      updateKeyingMaterial: () => send('update'),
      addClientsToConversation: (_group: unknown, added: FakeHandle[]) => send('add', ...added),
      removeClientsFromConversation: (_group: unknown, removed: unknown[]) => send('remove', ...removed),
      getClientIds: () => Promise.resolve(['left', 'middle', 'right']),
      encryptMessage: () => Promise.reject(new FakeError('Mls')),
      decryptMessage: () => Promise.resolve({ tag: 'Commit' }),
    };
  }
}

async function enter(): Promise<{ readonly member: PeerMember; readonly fake: FakeCoreCrypto }> {
  const fake = new FakeCoreCrypto();
  const client = await createCoreCrypto(fake.module, '0').createClient(1, 'a');
  return { member: await client.createGroup(bytes(9)), fake };
}

describe('core-crypto as a peer', () => {
  it('frames its KeyPackages as MLSMessages, and unframes those of others', async () => {
    const { member, fake } = await enter();
    const client = await createCoreCrypto(fake.module, '0').createClient(1, 'b');
    const keyPackage = await client.createKeyPackage();
    expect([...keyPackage]).toEqual([0, 1, 0, 5, 55]);
    await member.commit({ add: [keyPackage] });
    expect(fake.asked).toEqual([['add', new FakeHandle(Buffer.from([55]))]]);
  });

  it('takes no other message for a KeyPackage', async () => {
    const { member } = await enter();
    await expect(member.commit({ add: [bytes(0, 1, 0, 3, 55)] })).rejects.toThrow('wire format 5');
  });

  it('removes whoever stands at the leaf', async () => {
    const { member, fake } = await enter();
    await member.commit({ remove: [1] });
    expect(fake.asked).toEqual([['remove', 'middle']]);
    await expect(member.commit({ remove: [3] })).rejects.toThrow('leaf 3');
  });

  it('gives the GroupInfo of its own commit until somebody else commits', async () => {
    const { member } = await enter();
    await expect(member.groupInfo()).rejects.toThrow(NotOffered);
    await member.commit({});
    expect([...(await member.groupInfo())]).toEqual([0, 1, 0, 4, 44]);
    await member.process(bytes(2));
    await expect(member.groupInfo()).rejects.toThrow(NotOffered);
  });

  it('says what it cannot do', async () => {
    const { member } = await enter();
    await expect(member.proposeAdd(bytes())).rejects.toThrow(NotOffered);
    await expect(member.save()).rejects.toThrow(NotOffered);
    await expect(member.load()).rejects.toThrow(NotOffered);
    await expect(member.commit({ add: [bytes()], remove: [1] })).rejects.toThrow(NotOffered);
  });

  it("tells the reason that is in an error's fields", async () => {
    const { member } = await enter();
    await expect(member.protect(bytes())).rejects.toThrow('the store is full');
  });
});
