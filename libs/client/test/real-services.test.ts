import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientOptions } from '../src/index.ts';
import { readTicket, writeTicket } from '../src/ticket-text.ts';
import { authenticator, data, Device, textsOf } from './device.ts';
import { Rogue } from './rogue.ts';
import { Services, userUri } from './services.ts';

let services: Services;
const open: Device[] = [];

beforeAll(async () => {
  services = await Services.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ client }) => client.close()));
});
afterAll(() => services.stop());

async function device(userName: string, more: Partial<ClientOptions> = {}): Promise<Device> {
  const made = await Device.enrol(services, userName, more);
  open.push(made);
  return made;
}

describe('with the services of the house', () => {
  it('a commit that the members cannot process does not brick the group', async () => {
    const alice = await device('alice-brick');
    const bob = await device('bob-brick');
    const mallory = await device('mallory-brick');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-brick'), userUri('mallory-brick')]);
    await bob.joined();
    await mallory.joined();
    await mallory.client.close();
    const rogue = new Rogue(mallory.stateFile, conversation.id, services);

    expect((await rogue.commitGarbled())?.$case).toBe('accepted');
    rogue.close();

    await alice.until(({ kind }) => kind === 'resynced');
    await bob.until(({ kind }) => kind === 'resynced');
    await conversation.send(data('after'));
    expect(await bob.untilText('after')).toEqual(['after']);
    expect(authenticator(bob.conversation(conversation.id))).toBe(authenticator(conversation));
  });

  it('a guest joins with a ticket, once', async () => {
    const alice = await device('alice-guest');
    const bob = await device('bob-guest');
    const guest = await device('guest-guest');
    const late = await device('late-guest');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-guest')]);
    await bob.joined();
    const ticket = await conversation.createTicket({ lifetimeMs: 3_600_000 });

    const ofGuest = await guest.client.joinWithTicket(ticket);
    await ofGuest.send(data('hello'));

    expect(await bob.untilText('hello')).toEqual(['hello']);
    await alice.untilText('hello');
    expect(authenticator(ofGuest)).toBe(authenticator(conversation));
    await expect(late.client.joinWithTicket(ticket)).rejects.toMatchObject({ name: 'ClientError' });
    expect(late.client.conversations()).toEqual([]);
  });

  it('a removed member does not come back by its own ticket; a guest with another key is taken out', async () => {
    const alice = await device('alice-back');
    const bob = await device('bob-back');
    const carol = await device('carol-back');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-back'), userUri('carol-back')]);
    const ofBob = await bob.joined();
    await carol.joined();
    const ofBobs = await ofBob.createTicket({ lifetimeMs: 3_600_000 });
    await conversation.remove([userUri('bob-back')]);
    await bob.until(({ kind }) => kind === 'removed');
    await expect(bob.client.joinWithTicket(ofBobs)).rejects.toMatchObject({ name: 'ClientError' });

    const genuine = readTicket(await conversation.createTicket({ lifetimeMs: 3_600_000 }));
    const forged = writeTicket({ ...genuine, psk: genuine.psk.map((byte) => byte ^ 1) });
    await bob.client.joinWithTicket(forged);
    await carol.until(({ kind }) => kind === 'resynced');
    await conversation.send(data('after'));

    expect(await carol.untilText('after')).toEqual(['after']);
    expect(conversation.members()).toHaveLength(2);
    expect(textsOf(await bob.until(({ kind }) => kind === 'removed'))).toEqual([]);
  });

  it('what the store has lost is handed in again, and nothing comes twice', async () => {
    const alice = await device('alice-lost');
    const bob = await device('bob-lost');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-lost')]);
    const ofBob = await bob.joined();
    const [folder, copy] = [join(services.folder, 'delivery-service'), join(services.folder, 'copy')];
    await services.kill('delivery-service');
    cpSync(folder, copy, { recursive: true });
    await services.restart('delivery-service');
    await conversation.send(data('one'));
    await conversation.rotateKeys();
    await ofBob.send(data('two'));
    await bob.untilText('one');
    await alice.untilText('two');
    await services.kill('delivery-service');
    rmSync(folder, { recursive: true });
    cpSync(copy, folder, { recursive: true });
    await services.restart('delivery-service');

    await ofBob.send(data('three'));

    expect(await alice.untilText('three')).toEqual(['three']);
    await conversation.rotateKeys();
    await conversation.send(data('four'));
    expect(await bob.untilText('four')).toEqual(['four']);
    expect(authenticator(ofBob)).toBe(authenticator(conversation));
  });
});
