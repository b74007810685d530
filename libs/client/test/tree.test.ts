import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
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
  await Promise.all(open.splice(0).map(({ client }) => client.close()));
});
afterAll(async () => {
  await services.stop();
  delivery.stop();
});

async function device(userName: string): Promise<Device> {
  const made = await Device.enrol(services, userName);
  open.push(made);
  return made;
}

it('a tree is read in parts, also when answers are lost in between', async () => {
  const alice = await device('alice-parts');
  const bob = await device('bob-parts');
  const before = delivery.calls.get('getRatchetTree') ?? 0;
  delivery.losesAnswers.set('getRatchetTree', 2);

  const conversation = await alice.client.createConversation();
  await conversation.invite([userUri('bob-parts')]);
  await bob.joined();

  expect((delivery.calls.get('getRatchetTree') ?? 0) - before).toBeGreaterThan(4);
  await conversation.send(data('hello'));
  expect(await bob.untilText('hello')).toEqual(['hello']);
});

it.each<[string, LooseDelivery['bendTree']]>([
  [
    'is not the one that was referred to',
    (bytes) => bytes.map((byte, index) => (index === 9 ? byte ^ 1 : byte)),
  ],
  ['comes with more than was said', (bytes) => Buffer.concat([bytes, bytes])],
  ['comes without an end', () => new Uint8Array(0)],
])('a tree that %s is refused with the Welcome; the next one is joined', async (_, bend) => {
  const name = Math.random().toString(36).slice(2, 10);
  const alice = await device(`alice-${name}`);
  const bob = await device(`bob-${name}`);
  delivery.bendTree = bend;
  const refused = await alice.client.createConversation();
  await refused.invite([userUri(`bob-${name}`)]);

  const events = await bob.until(({ kind }) => kind === 'unreadable');
  expect(events.at(-1)).toMatchObject({ conversation: refused.id, code: 'TREE_REFUSED' });
  expect(bob.client.conversations()).toEqual([]);

  delivery.bendTree = (bytes) => bytes;
  const good = await alice.client.createConversation();
  await good.invite([userUri(`bob-${name}`)]);
  expect((await bob.joined(good.id)).isActive).toBe(true);
});
