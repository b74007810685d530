import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { frameData, readFrame } from '../src/application-frame.ts';
import type { Conversation } from '../src/index.ts';
import { openStore } from '../src/store/store.ts';
import { readTicket, writeTicket } from '../src/ticket-text.ts';
import { authenticator, data, Device, textsOf } from './device.ts';
import { Intruder } from './intruder.ts';
import { LooseDelivery } from './loose-delivery.ts';
import { Services, userUri } from './services.ts';

const HOUR_MS = 3_600_000;

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

async function device(userName: string): Promise<Device> {
  const made = await Device.enrol(services, userName, { wait: () => Promise.resolve() });
  open.push(made);
  return made;
}

/** A conversation of two, and somebody who is not in it. */
async function scene(
  name: string,
): Promise<{ alice: Device; bob: Device; guest: Device; ofAlice: Conversation }> {
  const alice = await device(`alice-${name}`);
  const bob = await device(`bob-${name}`);
  const ofAlice = await alice.client.createConversation();
  await ofAlice.invite([userUri(`bob-${name}`)]);
  await bob.joined();
  return { alice, bob, guest: await device(`guest-${name}`), ofAlice };
}

/** The devices in a conversation, in the order of their names. */
function devicesOf(conversation: Conversation): readonly string[] {
  return conversation
    .members()
    .map(({ device: uri }) => uri)
    .toSorted();
}

/** The ids of the tickets that a device knows, once its client is closed. */
async function ticketsOf({ client, stateFile }: Device, id: string): Promise<number> {
  await client.close();
  const store = openStore(stateFile);
  const { length } = store.tickets.all(id);
  store.close();
  return length;
}

describe('a ticket', () => {
  it('lets one guest in, who talks with the members; then nobody knows it any more', async () => {
    const { alice, bob, guest, ofAlice } = await scene('ticket');
    const ticket = await ofAlice.createTicket({ lifetimeMs: HOUR_MS });

    const ofGuest = await guest.client.joinWithTicket(ticket);

    expect(ofGuest.id).toBe(ofAlice.id);
    await ofGuest.send(data('hello'));
    expect(await bob.untilText('hello')).toEqual(['hello']);
    expect(await alice.untilText('hello')).toEqual(['hello']);
    expect(authenticator(ofGuest)).toBe(authenticator(ofAlice));
    await ofAlice.send(data('welcome'));
    expect(await guest.untilText('welcome')).toEqual(['welcome']);
    expect(await guest.client.joinWithTicket(ticket)).toBe(ofGuest);
    const late = await device('late-ticket');
    await expect(late.client.joinWithTicket(ticket)).rejects.toMatchObject({ name: 'ClientError' });
    expect(late.client.conversations()).toEqual([]);
    expect(await ticketsOf(alice, ofAlice.id)).toBe(0);
    expect(await ticketsOf(bob, ofAlice.id)).toBe(0);
  });

  it('is needed: a guest with another key that the service lets through is taken out before anything is said', async () => {
    const { alice, bob, guest, ofAlice } = await scene('forced');
    const genuine = readTicket(await ofAlice.createTicket({ lifetimeMs: HOUR_MS }));
    // The service takes the token, but the key that the members know is another one.
    const forged = writeTicket({ ...genuine, psk: genuine.psk.map((byte) => byte ^ 1) });

    await guest.client.joinWithTicket(forged);
    await bob.until(({ kind }) => kind === 'resynced');
    await bob.conversation(ofAlice.id).send(data('between us'));

    expect(await alice.untilText('between us')).toEqual(['between us']);
    await ofAlice.send(data('still'));
    expect(await bob.untilText('still')).toEqual(['still']);
    expect(devicesOf(ofAlice)).toEqual([alice.uri, bob.uri].toSorted());
    const events = await guest.until(({ kind }) => kind === 'removed');
    expect(textsOf(events)).toEqual([]);
    await guest.client.joinWithTicket(await ofAlice.createTicket({ lifetimeMs: HOUR_MS }));
    await ofAlice.send(data('welcome'));
    expect(await guest.untilText('welcome')).toEqual(['welcome']);
  });

  it('is needed: an outsider that shows no key is taken out, though the service lets it through', async () => {
    const { alice, bob, guest, ofAlice } = await scene('no-key');
    const { token, groupId } = readTicket(await ofAlice.createTicket({ lifetimeMs: HOUR_MS }));
    await guest.client.close();
    const intruder = new Intruder(guest.stateFile, services);

    expect((await intruder.enter(groupId, token))?.$case).toBe('accepted');
    intruder.close();

    const events = await bob.until(({ kind }) => kind === 'resynced');
    expect(events.at(-1)).toMatchObject({ code: 'SENDER_NOT_ALLOWED' });
    await ofAlice.send(data('secret'));
    expect(await bob.untilText('secret')).toEqual(['secret']);
    expect(devicesOf(ofAlice)).toEqual([alice.uri, bob.uri].toSorted());
  });

  it('ends with every removal: neither who was removed comes back by it nor anybody else; a new one lets a guest in', async () => {
    const { alice, bob, guest, ofAlice } = await scene('ended');
    const carol = await device('carol-ended');
    await ofAlice.invite([userUri('carol-ended')]);
    await carol.joined();
    await bob.reached(ofAlice.id, 2n);
    const ofBobs = await bob.conversation(ofAlice.id).createTicket({ lifetimeMs: HOUR_MS });
    await ofAlice.createTicket({ lifetimeMs: HOUR_MS });
    await ofAlice.send(data('announced'));
    await carol.untilText('announced');
    await ofAlice.remove([userUri('bob-ended')]);
    await bob.until(({ kind }) => kind === 'removed');
    await carol.reached(ofAlice.id, 3n);

    expect(await ticketsOf(carol, ofAlice.id)).toBe(0);
    const again = await carol.reopen();
    open.push(again);
    const fresh = await ofAlice.createTicket({ lifetimeMs: HOUR_MS });
    await (await guest.client.joinWithTicket(fresh)).send(data('hello'));
    expect(await again.untilText('hello')).toEqual(['hello']);
    await alice.untilText('hello');
    // This service still takes its token.
    await bob.client.joinWithTicket(ofBobs);
    const events = await alice.until(({ kind }) => kind === 'unreadable');
    expect(events.some(({ kind }) => kind === 'members')).toBe(false);
  });

  it('can be used in a group with members that came after it was made', async () => {
    const { guest, ofAlice } = await scene('after');
    const ticket = await ofAlice.createTicket({ lifetimeMs: HOUR_MS });
    const carol = await device('carol-after');
    await ofAlice.invite([userUri('carol-after')]);
    const ofCarol = await carol.joined();
    await ofAlice.send(data('announced'));
    await carol.untilText('announced');

    await (await guest.client.joinWithTicket(ticket)).send(data('hello'));

    expect(await carol.untilText('hello')).toEqual(['hello']);
    expect(ofCarol.members()).toHaveLength(4);
  });

  it('is refused when it is over, or no ticket at all; the guest can still use a good one', async () => {
    const { guest, ofAlice } = await scene('refused');
    const good = await ofAlice.createTicket({ lifetimeMs: HOUR_MS });
    const over = writeTicket({ ...readTicket(good), expiresAtMs: 1n });
    const unknown = writeTicket({ ...readTicket(good), token: data('another token') });

    for (const [text, reason] of [
      [over, 'EXPIRED'],
      ['canopy-ticket:nonsense', 'MALFORMED'],
      ['nonsense', 'MALFORMED'],
    ]) {
      await expect(guest.client.joinWithTicket(text ?? '')).rejects.toMatchObject({
        code: 'TICKET_REFUSED',
        reason,
      });
    }
    await expect(guest.client.joinWithTicket(unknown)).rejects.toMatchObject({ name: 'ClientError' });
    expect(guest.client.conversations()).toEqual([]);

    expect((await guest.client.joinWithTicket(good)).isActive).toBe(true);
  });
});

describe('application data', () => {
  const mark = Uint8Array.from([0, ...data('canopy library'), 0]);
  const announcement = Uint8Array.from([...mark, 1, 0]);

  it.each([data(''), data('text'), mark.subarray(0, 8), mark, announcement, Uint8Array.from([...mark, 9])])(
    'comes as it was sent, whatever it looks like (%#)',
    (sent) => {
      expect(readFrame(frameData(sent))).toEqual({ kind: 'data', data: sent });
    },
  );

  it('with the mark of the library and nonsense after it is refused', () => {
    expect(() => readFrame(announcement)).toThrow(expect.objectContaining({ name: 'CodecError' }));
  });
});
