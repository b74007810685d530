import { delivery as wire } from '@canopy/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Conversation } from '../src/index.ts';
import { authenticator, data, Device, textsOf } from './device.ts';
import { LooseDelivery } from './loose-delivery.ts';
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
  delivery.forge = (receipt) => receipt;
  delivery.signs = true;
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

async function pair(
  name: string,
): Promise<{ alice: Device; bob: Device; ofAlice: Conversation; ofBob: Conversation }> {
  const alice = await device(`alice-${name}`);
  const bob = await device(`bob-${name}`);
  const ofAlice = await alice.client.createConversation();
  await ofAlice.invite([userUri(`bob-${name}`)]);
  return { alice, bob, ofAlice, ofBob: await bob.joined() };
}

/** What a log holds, without the numbers. */
function contentOf(id: string): readonly string[] {
  return delivery.log(id).map(({ mlsMessage }) => Buffer.from(mlsMessage).toString('hex'));
}

/** Waits until something is so; the test's own time is the limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a log that has lost what it had accepted', () => {
  it('gets commits and messages back from the members, who go on as if nothing had been', async () => {
    const { alice, bob, ofAlice, ofBob } = await pair('lost');
    const goBack = delivery.snapshot();
    await ofAlice.send(data('one'));
    await ofAlice.rotateKeys();
    await ofBob.send(data('two'));
    await ofBob.rotateKeys();
    await ofAlice.send(data('three'));
    await bob.untilText('three');
    await alice.until((event) => event.kind === 'members' && event.epoch === 3n);
    const before = contentOf(ofAlice.id);
    expect(before).toHaveLength(6);

    goBack();
    await ofBob.send(data('four'));

    expect(
      textsOf(
        await alice.until(
          (event) => event.kind === 'message' && Buffer.from(event.data).toString() === 'four',
        ),
      ),
    ).toEqual(['four']);
    expect(contentOf(ofAlice.id).slice(0, 6)).toEqual(before);
    expect(contentOf(ofAlice.id)).toHaveLength(7);
    await ofAlice.rotateKeys();
    await ofAlice.send(data('five'));
    expect(await bob.untilText('five')).toEqual(['five']);
    expect(authenticator(ofBob)).toBe(authenticator(ofAlice));
  });

  it('that were messages only gets them back, once, whoever hands them in', async () => {
    const { alice, bob, ofAlice, ofBob } = await pair('messages');
    const goBack = delivery.snapshot();
    await ofAlice.send(data('one'));
    await ofAlice.send(data('two'));
    await bob.untilText('two');

    goBack();
    await ofBob.send(data('three'));

    expect(await alice.untilText('three')).toEqual(['three']);
    await ofAlice.send(data('four'));
    expect(await bob.untilText('four')).toEqual(['four']);
    await until(() => contentOf(ofAlice.id).length >= 5);
    await ofBob.rotateKeys();
    await alice.reached(ofAlice.id, 2n);
    expect(new Set(contentOf(ofAlice.id)).size).toBe(6);
    expect(contentOf(ofAlice.id)).toHaveLength(6);
  });
});

describe('a mailbox that has lost its end', () => {
  it('is read anew: a Welcome under a number that was passed is not missed', async () => {
    const { alice, bob } = await pair('mailbox');
    await (await alice.client.createConversation()).invite([userUri('bob-mailbox')]);
    await bob.joined();
    expect(delivery.mailboxOf(bob.uri)).toHaveLength(2);
    delivery.mailboxes.set(bob.uri, delivery.mailboxOf(bob.uri).slice(0, 1));
    delivery.calls.clear();
    delivery.dropStreams();
    // One stream of Alice, and two beginnings of Bob.
    await until(() => (delivery.calls.get('stream:mailbox') ?? 0) >= 3);

    const third = await alice.client.createConversation();
    await third.invite([userUri('bob-mailbox')]);

    expect((await bob.joined(third.id)).isActive).toBe(true);
    expect(bob.client.conversations()).toHaveLength(3);
  });
});

describe('members that find the same loss', () => {
  it('give way to each other: what one has handed in the others do not send again', async () => {
    const gate = Promise.withResolvers<void>();
    const alice = await device('alice-way');
    const bob = await Device.enrol(services, 'bob-way', { wait: () => gate.promise });
    open.push(bob);
    const ofAlice = await alice.client.createConversation();
    await ofAlice.invite([userUri('bob-way')]);
    await bob.joined();
    const goBack = delivery.snapshot();
    await Promise.all(Array.from({ length: 20 }, (_, index) => ofAlice.send(data(`text ${index}`))));
    await bob.untilText('text 19');
    const before = contentOf(ofAlice.id);
    delivery.calls.clear();

    goBack();
    await until(() => contentOf(ofAlice.id).length === before.length);
    gate.resolve();
    await bob.conversation(ofAlice.id).send(data('after'));
    expect(await alice.untilText('after')).toContain('after');
    await bob.client.close();

    expect(contentOf(ofAlice.id).slice(0, -1)).toEqual(before);
    // 20 that were lost, and bob's own, which may be tried on both ways; not twice 20.
    const ways = ['sendMessage', 'stream:sendMessage'].map((way) => delivery.calls.get(way) ?? 0);
    expect(ways.reduce((sum, calls) => sum + calls)).toBeLessThan(25);
  });
});

describe('a service that says that a log is behind, and does not change its mind', () => {
  it('is asked more and more seldom', async () => {
    const waits: number[] = [];
    const asked = Promise.withResolvers<void>();
    const alice = await device('alice-spin');
    const wait = (milliseconds: number): Promise<void> => {
      waits.push(milliseconds);
      if (waits.length < 12) return Promise.resolve();
      delivery.isBehind = false;
      asked.resolve();
      return Promise.resolve();
    };
    const bob = await Device.enrol(services, 'bob-spin', { wait });
    open.push(bob);
    const ofAlice = await alice.client.createConversation();
    await ofAlice.invite([userUri('bob-spin')]);
    await bob.joined();
    await bob.client.close();
    delivery.isBehind = true;
    const again = await bob.reopen({ wait });
    open.push(again);
    await asked.promise;

    expect(waits[0]).toBe(0);
    expect(waits.slice(1).every((milliseconds) => milliseconds > 0)).toBe(true);
    expect(Math.max(...waits.slice(6))).toBeGreaterThan(100);
    await ofAlice.send(data('on'));
    expect(await again.untilText('on')).toEqual(['on']);
  });
});

describe('receipts', () => {
  it('that has other entries in the place of what it lost is left to those who wrote them, and the others learn it', async () => {
    const { alice, bob, ofAlice, ofBob } = await pair('overtaken');
    await bob.client.close();
    const goBack = delivery.snapshot();
    await ofAlice.rotateKeys();
    await alice.client.close();
    goBack();
    const again = await bob.reopen();
    open.push(again);
    await again.conversation(ofBob.id).send(data('in its place'));
    await until(() => contentOf(ofBob.id).length === 2);
    const left = await alice.reopen();
    open.push(left);

    expect((await left.until(({ kind }) => kind === 'stuck')).at(-1)).toEqual({
      kind: 'stuck',
      conversation: ofAlice.id,
      code: 'LOG_LOST',
    });
    await again.conversation(ofBob.id).rotateKeys();
    expect(left.client.evidence()).toEqual([]);
    expect(await left.client.createConversation()).toBeDefined();
  });

  it('that contradict each other are evidence: the conversation ends there, with both of them', async () => {
    const { alice, bob, ofAlice, ofBob } = await pair('liar');
    await bob.client.close();
    const goBack = delivery.snapshot();
    await ofAlice.rotateKeys();
    await alice.client.close();
    goBack();
    const again = await bob.reopen();
    open.push(again);
    await again.conversation(ofBob.id).rotateKeys();
    const cheated = await alice.reopen();
    open.push(cheated);

    const events = await cheated.until(({ kind }) => kind === 'serviceLied');

    const [evidence] = cheated.client.evidence();
    expect(events.at(-1)).toEqual({ kind: 'serviceLied', ...evidence });
    const [one, other] = (evidence?.receipts ?? []).map((jws): unknown =>
      JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()),
    );
    expect(one).toMatchObject({ epoch: '1', sequence: '2' });
    expect(other).toMatchObject({ epoch: '1', sequence: '2' });
    expect(one).not.toEqual(other);
    await expect(cheated.conversation(ofAlice.id).send(data('no'))).rejects.toMatchObject({
      code: 'CONVERSATION_STUCK',
      reason: 'SERVICE_LIED',
    });
    expect(await cheated.client.createConversation()).toBeDefined();
  });

  it.each<[string, LooseDelivery['forge']]>([
    ['another commit', (receipt) => ({ ...receipt, commitHash: Buffer.alloc(32, 7) })],
    ['another place', (receipt) => ({ ...receipt, sequence: receipt.sequence + 1n })],
    ['another epoch', (receipt) => ({ ...receipt, epoch: receipt.epoch + 1n })],
    ['another group', (receipt) => ({ ...receipt, groupId: Buffer.alloc(32, 7) })],
    ['another domain', (receipt) => ({ ...receipt, domain: 'example.org' })],
  ])('for %s are refused, and nothing is believed; a good one is', async (what, forge) => {
    const { bob, ofAlice, ofBob } = await pair(`forged-${what.replace(' ', '-')}`);
    delivery.forge = forge;
    await expect(ofAlice.rotateKeys()).rejects.toMatchObject({ code: 'INVALID_RESPONSE' });
    expect(ofAlice.epoch).toBe(1n);
    expect(ofBob.epoch).toBe(1n);
    delivery.forge = (receipt) => receipt;
    delivery.signAgain(ofAlice.id);
    delivery.dropStreams();

    await bob.reached(ofBob.id, 2n);
    await ofAlice.send(data('on'));
    expect(await bob.untilText('on')).toEqual(['on']);
  });

  it('are missed where there were some, and not where there never was one', async () => {
    delivery.signs = false;
    const { bob, ofAlice, ofBob } = await pair('none');
    await ofAlice.rotateKeys();
    await bob.reached(ofBob.id, 2n);
    delivery.signs = true;
    await ofBob.rotateKeys();
    delivery.signs = false;

    await expect(ofBob.rotateKeys()).rejects.toMatchObject({ code: 'INVALID_RESPONSE', reason: 'MISSING' });
    expect(ofBob.epoch).toBe(3n);
  });

  it('cannot be avoided by calling a commit something else', async () => {
    const { bob, ofAlice, ofBob } = await pair('relabelled');
    await ofAlice.rotateKeys();
    await bob.reached(ofBob.id, 2n);
    await bob.client.close();
    await ofAlice.rotateKeys();
    const honest = delivery.relabel(ofAlice.id, wire.LogEntryKind.APPLICATION);
    const again = await Device.open(services, bob.stateFile);
    open.push(again);
    delivery.calls.clear();
    await again.client.start();
    await until(() => delivery.calls.has('stream:unsubscribe'));
    expect(again.conversation(ofBob.id).epoch).toBe(2n);
    // The other groups on the stream go on.
    const other = await again.client.createConversation();
    await other.rotateKeys();
    expect(delivery.calls.get('subscribe')).toBe(1);

    honest();
    await again.reached(ofBob.id, 3n);
    await ofAlice.send(data('on'));
    expect(await again.untilText('on')).toEqual(['on']);
  });

  it('with an access key that nobody has do not lock the members out: they come back', async () => {
    const { alice, bob, ofAlice } = await pair('key');
    delivery.forge = (receipt) => {
      delivery.forge = (next) => next;
      return { ...receipt, nextAccessKey: Buffer.alloc(32, 7) };
    };
    await ofAlice.rotateKeys();

    const events = await bob.until(({ kind }) => kind === 'resynced');
    expect(events.at(-1)).toMatchObject({ code: 'WRONG_ACCESS_KEY' });
    await alice.until(({ kind }) => kind === 'resynced');
    await ofAlice.send(data('back'));
    expect(await bob.untilText('back')).toEqual(['back']);
  });
});
