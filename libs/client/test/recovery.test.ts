import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientOptions } from '../src/index.ts';
import { authenticator, data, Device, textsOf } from './device.ts';
import { LooseDelivery } from './loose-delivery.ts';
import { Rogue } from './rogue.ts';
import { Services, userUri } from './services.ts';

let delivery: LooseDelivery;
let services: Services;
const open: Device[] = [];

beforeAll(async () => {
  delivery = await LooseDelivery.start();
  services = await Services.startBeside(delivery.address);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ client }) => client.close()));
});
afterAll(async () => {
  await services.stop();
  delivery.stop();
});

async function device(userName: string, more: Partial<ClientOptions> = {}): Promise<Device> {
  const made = await Device.enrol(services, userName, more);
  open.push(made);
  return made;
}

describe('a commit that the members cannot process', () => {
  it('does not brick the group: they come back by themselves, and talk on', async () => {
    const alice = await device('alice-brick');
    const bob = await device('bob-brick');
    const mallory = await device('mallory-brick');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-brick'), userUri('mallory-brick')]);
    await bob.joined();
    await mallory.joined();
    await conversation.send(data('before'));
    await bob.untilText('before');
    await mallory.client.close();
    const rogue = new Rogue(mallory.stateFile, conversation.id, services);

    await rogue.commitGarbled();
    rogue.close();

    const ofAlice = await alice.until(({ kind }) => kind === 'resynced');
    const ofBob = await bob.until(({ kind }) => kind === 'resynced');
    expect(ofAlice.at(-1)).toMatchObject({ code: 'DECRYPTION_FAILED', missingAfter: 3n });
    expect(ofAlice.at(-1)).toMatchObject({ kind: 'resynced', conversation: conversation.id });
    await conversation.send(data('after'));
    expect(await bob.untilText('after')).toEqual(['after']);
    await bob.conversation(conversation.id).send(data('answer'));
    expect(await alice.untilText('answer')).toEqual(['answer']);
    expect(authenticator(bob.conversation(conversation.id))).toBe(authenticator(conversation));
    expect(textsOf(ofBob)).toEqual([]);
    expect(
      conversation
        .members()
        .map(({ device: uri }) => uri)
        .toSorted(),
    ).toEqual([alice.uri, bob.uri, mallory.uri].toSorted());
  });
});

describe('a log that begins later than what a device has read', () => {
  it('is joined again, and the application learns what may be missing', async () => {
    const alice = await device('alice-late');
    const bob = await device('bob-late');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-late')]);
    await bob.joined();
    await conversation.send(data('read'));
    await bob.untilText('read');
    await bob.client.close();
    await conversation.send(data('lost'));
    await conversation.rotateKeys();
    await conversation.rotateKeys();
    delivery.truncate(conversation.id, 4n);

    const again = await bob.reopen();
    open.push(again);

    const events = await again.until(({ kind }) => kind === 'resynced');
    expect(events.slice(-1)).toEqual([
      {
        kind: 'resynced',
        conversation: conversation.id,
        epoch: 4n,
        missingAfter: 2n,
        missingUpTo: 5n,
        code: 'LOG_TRUNCATED',
      },
    ]);
    await conversation.send(data('seen'));
    expect(await again.untilText('seen')).toEqual(['seen']);
  });
});

describe('a device that was removed while it could not follow', () => {
  it('finds that it is out, and says so', async () => {
    const alice = await device('alice-out');
    const bob = await device('bob-out');
    const mallory = await device('mallory-out');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-out'), userUri('mallory-out')]);
    await bob.joined();
    await mallory.joined();
    await bob.client.close();
    await mallory.client.close();
    const rogue = new Rogue(mallory.stateFile, conversation.id, services);
    await rogue.commitGarbled();
    rogue.close();
    await alice.until(({ kind }) => kind === 'resynced');
    await conversation.remove([userUri('bob-out')]);

    const again = await bob.reopen();
    open.push(again);

    const events = await again.until(({ kind }) => kind === 'removed');
    expect(events.at(-1)).toEqual({ kind: 'removed', conversation: conversation.id, by: '' });
    expect(again.conversation(conversation.id).isActive).toBe(false);
  });
});

describe('whoever cannot come back', () => {
  it('stops after a bounded number of attempts, says so, and can be invited again', async () => {
    const waits: number[] = [];
    const wait = (milliseconds: number): Promise<void> => {
      waits.push(milliseconds);
      return Promise.resolve();
    };
    const alice = await device('alice-stuck');
    const bob = await device('bob-stuck', { wait, random: () => 0.5 });
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-stuck')]);
    await bob.joined();
    const refuses = delivery.refuse('getGroupInfo');
    await bob.conversation(conversation.id).send(data('hello'));
    await alice.client.close();
    const rogue = new Rogue(alice.stateFile, conversation.id, services);
    await rogue.commitGarbled();

    const events = await bob.until(({ kind }) => kind === 'stuck');
    expect(events.at(-1)).toMatchObject({ kind: 'stuck', conversation: conversation.id });
    expect(waits).toHaveLength(8);
    expect(waits).toEqual(waits.toSorted((one, other) => one - other));
    await expect(bob.conversation(conversation.id).send(data('no'))).rejects.toMatchObject({
      code: 'CONVERSATION_STUCK',
    });
    refuses.end();
    rogue.close();

    await bob.conversation(conversation.id).send(data('yes'));
    expect(bob.conversation(conversation.id).epoch).toBe(3n);
  });
});
