import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientOptions, Conversation } from '../src/index.ts';
import { data, Device } from './device.ts';
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
  delivery.isSilent = false;
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

async function pair(
  name: string,
  more: Partial<ClientOptions> = {},
): Promise<{ alice: Device; bob: Device; ofAlice: Conversation }> {
  const alice = await device(`alice-${name}`, more);
  const bob = await device(`bob-${name}`);
  const ofAlice = await alice.client.createConversation();
  await ofAlice.invite([userUri(`bob-${name}`)]);
  await bob.joined();
  return { alice, bob, ofAlice };
}

function texts(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `message ${index}`);
}

async function sendAll(conversation: Conversation, all: readonly string[]): Promise<void> {
  await Promise.all(all.map((text) => conversation.send(data(text))));
}

function countOf(name: string): number {
  return delivery.calls.get(name) ?? 0;
}

describe('sending over the stream', () => {
  it('takes messages and commits, many at the same time, in their order, with a proof once a lease', async () => {
    const { bob, ofAlice } = await pair('pipe');
    const [unaryBefore, commitsBefore] = [countOf('sendMessage'), countOf('submitCommit')];
    const proofsBefore = delivery.proven;
    const framesBefore = countOf('stream:sendMessages');

    await sendAll(ofAlice, texts(200));
    const proofs = delivery.proven - proofsBefore;
    await ofAlice.rotateKeys();

    expect(await bob.untilText('message 199')).toEqual(texts(200));
    expect(countOf('sendMessage')).toBe(unaryBefore);
    expect(countOf('submitCommit')).toBe(commitsBefore);
    expect(countOf('stream:sendMessage')).toBeGreaterThanOrEqual(200);
    // Those that wait at the same time go in one frame.
    expect(countOf('stream:sendMessages') - framesBefore).toBeGreaterThan(0);
    expect(proofs).toBeLessThan(10);
  });

  it('that lost its answers is repeated under the same request ids: nothing is lost and nothing comes twice', async () => {
    const { bob, ofAlice } = await pair('answers');
    delivery.losesAnswers.set('stream:sendMessage', 1);
    const sending = sendAll(ofAlice, texts(30));
    while ((delivery.losesAnswers.get('stream:sendMessage') ?? 0) > 0) await tick();
    delivery.losesAnswers.set('stream:submitCommit', 1);
    const rotating = ofAlice.rotateKeys();
    while ((delivery.losesAnswers.get('stream:submitCommit') ?? 0) > 0) await tick();
    delivery.dropStreams();

    await sending;
    await rotating;
    await ofAlice.send(data('end'));

    expect(await bob.untilText('end')).toEqual([...texts(30), 'end']);
    expect(ofAlice.epoch).toBe(2n);
    expect(delivery.log(ofAlice.id)).toHaveLength(33);
  });

  it('that is one too many for now goes out later, by itself', async () => {
    const { bob, ofAlice } = await pair('limited');
    delivery.limited = 3;

    await ofAlice.send(data('one'));
    await ofAlice.send(data('two'));

    expect(delivery.limited).toBe(0);
    expect(await bob.untilText('two')).toEqual(['one', 'two']);
  });

  it('goes by unary calls while there is no stream', async () => {
    const { alice, bob, ofAlice } = await pair('unary');
    await alice.client.close();
    const again = await Device.open(services, alice.stateFile);
    open.push(again);
    const before = countOf('sendMessage');

    await sendAll(again.conversation(ofAlice.id), texts(5));

    expect(await bob.untilText('message 4')).toEqual(texts(5));
    expect(countOf('sendMessage')).toBe(before + 5);
  });
});

describe('a stream', () => {
  it('that has died without a word is found out and opened again', async () => {
    const { alice, bob, ofAlice } = await pair('dead', { pingIntervalMs: 40 });
    const before = countOf('subscribe');
    delivery.isSilent = true;
    const sending = ofAlice.send(data('over the dead one'));
    while (countOf('subscribe') === before) await tick();
    delivery.isSilent = false;
    delivery.dropStreams();

    await sending;
    expect(await bob.untilText('over the dead one')).toEqual(['over the dead one']);
    await bob.conversation(ofAlice.id).send(data('alive'));
    expect(await alice.untilText('alive')).toEqual(['alive']);
  });

  it('of a service that goes away is opened again at once, and nothing is missed', async () => {
    const { alice, bob, ofAlice } = await pair('drain');
    const before = countOf('subscribe');
    delivery.drain();
    await bob.conversation(ofAlice.id).send(data('meanwhile'));

    expect(await alice.untilText('meanwhile')).toEqual(['meanwhile']);
    await sendAll(ofAlice, texts(3));
    expect(await bob.untilText('message 2')).toEqual(texts(3));
    expect(countOf('subscribe')).toBeGreaterThanOrEqual(before + 2);
  });
});

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}
