import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { authenticator, data, Device, textsOf } from './device.ts';
import { Services, userUri } from './services.ts';

let services: Services;
const open: Device[] = [];

async function device(userName: string, more: Parameters<typeof Device.enrol>[2] = {}): Promise<Device> {
  const made = await Device.enrol(services, userName, more);
  open.push(made);
  return made;
}

async function reopened(old: Device): Promise<Device> {
  const next = await old.reopen();
  open.push(next);
  return next;
}

beforeAll(async () => {
  services = await Services.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ client }) => client.close()));
});
afterAll(() => services.stop());

const texts = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix} ${index}`);

describe('a conversation of two users with three devices', () => {
  it('adds every device of every user and says who could not be added', async () => {
    const alice = await device('alice-one');
    const phone = await device('alice-one');
    const bob = await device('bob-one');
    const conversation = await alice.client.createConversation();

    const users = [userUri('bob-one'), userUri('alice-one'), userUri('nobody-one')];
    const { added, unavailable } = await conversation.invite(users);

    expect(new Set(added)).toEqual(new Set([phone.uri, bob.uri]));
    expect(unavailable).toEqual([{ user: userUri('nobody-one'), reason: 'UNKNOWN_USER' }]);
    const copies = [conversation, await phone.joined(), await bob.joined()];
    for (const copy of copies) {
      expect(copy.id).toBe(conversation.id);
      expect(authenticator(copy)).toBe(authenticator(conversation));
      expect(new Set(copy.members().map((member) => member.device))).toEqual(
        new Set([alice.uri, phone.uri, bob.uri]),
      );
    }
    expect(conversation.members().map(({ user }) => user)).toContain(userUri('bob-one'));
  });

  it('brings the messages of all to all others, once and in one order', async () => {
    const alice = await device('alice-two');
    const bob = await device('bob-two');
    const carol = await device('carol-two');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-two'), userUri('carol-two')]);
    const ofBob = await bob.joined();
    await carol.joined();

    const sent = await Promise.all([
      ...texts('from alice', 10).map((text) => conversation.send(data(text))),
      ...texts('from bob', 10).map((text) => ofBob.send(data(text))),
    ]);
    await conversation.send(data('end'));

    const received = await carol.untilText('end');
    expect(new Set(sent.map(({ sequence }) => sequence)).size).toBe(20);
    expect(received.filter((text) => text.startsWith('from alice'))).toEqual(texts('from alice', 10));
    expect(received.filter((text) => text.startsWith('from bob'))).toEqual(texts('from bob', 10));
    expect(received).toHaveLength(21);
    expect(await bob.untilText('end')).toEqual([...texts('from alice', 10), 'end']);
  });

  it('tells who sent a message, and everybody who came, went and changed keys', async () => {
    const alice = await device('alice-three');
    const bob = await device('bob-three');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-three')]);
    const ofBob = await bob.joined();
    const carol = await device('carol-three');
    await ofBob.invite([userUri('carol-three')]);
    await carol.joined();
    await ofBob.rotateKeys();
    await ofBob.send(data('hello'));
    await ofBob.remove([userUri('carol-three')]);

    const events = await alice.until((event) => event.kind === 'members' && event.removed.length > 0);
    const id = conversation.id;
    const by = bob.uri;
    const nobody = { added: [], removed: [], updated: [] };
    expect(events).toEqual([
      expect.objectContaining({ kind: 'members', added: [bob.uri], by: alice.uri }),
      { kind: 'members', conversation: id, epoch: 2n, ...nobody, added: [carol.uri], by },
      { kind: 'members', conversation: id, epoch: 3n, ...nobody, updated: [by], by },
      { kind: 'message', conversation: id, from: by, data: data('hello'), sequence: 4n },
      { kind: 'members', conversation: id, epoch: 4n, ...nobody, removed: [carol.uri], updated: [by], by },
    ]);
  });

  it('derives the same secret for the application on all devices', async () => {
    const alice = await device('alice-secret');
    const bob = await device('bob-secret');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-secret')]);
    const ofBob = await bob.joined();
    const request = { label: 'test', context: data('context'), length: 24 };
    expect(ofBob.exportSecret(request)).toEqual(conversation.exportSecret(request));
    expect(ofBob.exportSecret(request)).toHaveLength(24);
    expect(ofBob.exportSecret({ ...request, label: 'other' })).not.toEqual(
      conversation.exportSecret(request),
    );
  });
});

describe('a device that was away', () => {
  it('reads what it missed when it is opened again, over changes of the group', async () => {
    const alice = await device('alice-away');
    const bob = await device('bob-away');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-away')]);
    await bob.joined();
    await bob.client.close();
    for (const text of texts('missed', 5)) {
      await conversation.send(data(text));
      await conversation.rotateKeys();
    }
    await conversation.send(data('last'));

    const again = await reopened(bob);

    expect(await again.untilText('last')).toEqual([...texts('missed', 5), 'last']);
    expect(authenticator(again.conversation(conversation.id))).toBe(authenticator(conversation));
    await again.conversation(conversation.id).send(data('back'));
    expect(await alice.untilText('back')).toEqual(['back']);
  });

  it('joins when it comes back, if it was invited meanwhile', async () => {
    const alice = await device('alice-late');
    const bob = await device('bob-late');
    await bob.client.close();
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-late')]);
    await conversation.send(data('welcome'));

    const again = await reopened(bob);

    await again.joined(conversation.id);
    expect(await again.untilText('welcome')).toEqual(['welcome']);
  });
});

describe('changes at the same time', () => {
  it('both take effect, whoever is first [R14-01]', async () => {
    const alice = await device('alice-race');
    const bob = await device('bob-race');
    const carol = await device('carol-race');
    const dora = await device('dora-race');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-race')]);
    const ofBob = await bob.joined();

    const [first, second] = await Promise.all([
      conversation.invite([userUri('carol-race')]),
      ofBob.invite([userUri('dora-race')]),
      conversation.rotateKeys(),
      ofBob.rotateKeys(),
    ]);

    expect(first.added).toEqual([carol.uri]);
    expect(second.added).toEqual([dora.uri]);
    const epoch = 5n;
    const copies = [conversation, ofBob, await carol.joined(), await dora.joined()];
    for (const one of [alice, bob, carol, dora]) await one.reached(conversation.id, epoch);
    expect(copies.map((copy) => copy.epoch)).toEqual([epoch, epoch, epoch, epoch]);
    expect(new Set(copies.map(authenticator)).size).toBe(1);
  });

  it('adds a device once when two members invite it', async () => {
    const alice = await device('alice-twice');
    const bob = await device('bob-twice');
    const carol = await device('carol-twice');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-twice')]);
    const ofBob = await bob.joined();

    const invitations = await Promise.all([
      conversation.invite([userUri('carol-twice')]),
      ofBob.invite([userUri('carol-twice')]),
    ]);

    expect(invitations.flatMap(({ added }) => added)).toEqual([carol.uri]);
    const ofCarol = await carol.joined();
    expect(ofCarol.members()).toHaveLength(3);
    expect(ofCarol.epoch).toBe(2n);
  });
});

describe('a removed member', () => {
  it('is told, and can neither send, change nor read any more', async () => {
    const alice = await device('alice-out');
    const bob = await device('bob-out');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-out')]);
    const ofBob = await bob.joined();

    await conversation.remove([userUri('bob-out')]);
    await conversation.send(data('secret'));

    const events = await bob.until(({ kind }) => kind === 'removed');
    expect(events).toEqual([{ kind: 'removed', conversation: conversation.id, by: alice.uri }]);
    expect(ofBob.isActive).toBe(false);
    const ended = expect.objectContaining({ code: 'CONVERSATION_ENDED' });
    await expect(ofBob.send(data('still here'))).rejects.toEqual(ended);
    await expect(ofBob.rotateKeys()).rejects.toEqual(ended);
    await expect(ofBob.invite([userUri('bob-out')])).rejects.toEqual(ended);
    const again = await reopened(bob);
    expect(again.conversation(conversation.id).isActive).toBe(false);
    expect(conversation.members().map((member) => member.device)).toEqual([alice.uri]);
  });

  it('cannot get a message in that it sends before it knows', async () => {
    const alice = await device('alice-unaware');
    const bob = await device('bob-unaware');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-unaware')]);
    await bob.joined();
    await bob.client.close();
    const deaf = await Device.open(services, bob.stateFile);
    open.push(deaf);
    await conversation.remove([userUri('bob-unaware')]);

    const sending = deaf.conversation(conversation.id).send(data('too late'));

    await expect(sending).rejects.toEqual(expect.objectContaining({ code: 'CONVERSATION_ENDED' }));
    await deaf.until(({ kind }) => kind === 'removed');
  });

  it('comes in again by a new invitation, also when it misses both', async () => {
    const alice = await device('alice-again');
    const bob = await device('bob-again');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-again')]);
    await bob.joined();
    await bob.client.close();
    await conversation.send(data('before'));
    await conversation.remove([userUri('bob-again')]);
    await conversation.send(data('between'));
    await conversation.invite([userUri('bob-again')]);
    await conversation.send(data('after'));

    const again = await reopened(bob);

    expect(textsOf(await again.until(({ kind }) => kind === 'removed'))).toEqual(['before']);
    await again.joined(conversation.id);
    expect(await again.untilText('after')).toEqual(['after']);
    expect(authenticator(again.conversation(conversation.id))).toBe(authenticator(conversation));
  });

  it('was not removed by itself', async () => {
    const alice = await device('alice-self');
    const conversation = await alice.client.createConversation();
    await expect(conversation.remove([userUri('alice-self')])).rejects.toEqual(
      expect.objectContaining({ code: 'MISUSE' }),
    );
  });
});

describe('KeyPackages', () => {
  it('are filled up to the wanted number and not beyond', async () => {
    const alice = await device('alice-stock', { keyPackages: 7 });
    expect(await alice.client.replenish()).toBe(0);
    const bob = await device('bob-stock', { keyPackages: 3 });
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-stock')]);
    await bob.joined();
    expect(await bob.client.replenish()).toBe(1);
  });

  it('of the last resort let a device join again and again', async () => {
    const alice = await device('alice-last');
    const bob = await device('bob-last', { keyPackages: 0 });
    for (const round of ['one', 'two', 'three']) {
      const conversation = await alice.client.createConversation();
      const { added } = await conversation.invite([userUri('bob-last')]);
      expect(added).toEqual([bob.uri]);
      const ofBob = await bob.joined(conversation.id);
      await ofBob.send(data(round));
      expect(await alice.untilText(round)).toEqual([round]);
    }
  });
});
