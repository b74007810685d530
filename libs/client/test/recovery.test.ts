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
