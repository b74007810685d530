import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { callUnary } from '@canopy/contract';
import { closeStubs, openStubs } from '../src/connections.ts';
import { Device } from './device.ts';
import { LooseDelivery } from './loose-delivery.ts';
import { Services } from './services.ts';

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

async function stockOf({ client }: Device): Promise<number> {
  const stubs = openStubs(services.addresses);
  const metadata = await client.authorize('directory');
  const { counts } = await callUnary(stubs.directory, 'countKeyPackages', {}, { metadata });
  closeStubs(stubs);
  return counts[0]?.singleUse ?? 0;
}

it('a stock that others use up without a word is filled again as soon as the directory says that it is low', async () => {
  const bob = await Device.enrol(services, 'bob-stock', { keyPackages: 6 });
  const alice = await Device.enrol(services, 'alice-stock', { keyPackages: 2 });
  open.push(alice, bob);
  const stubs = openStubs(services.addresses);
  expect(await stockOf(bob)).toBe(6);

  for (let index = 1; index <= 4; index += 1) {
    const metadata = await alice.client.authorize('directory');
    const claim = { requestId: Buffer.alloc(16, index), users: [], devices: [bob.uri], cipherSuite: 1 };
    await callUnary(
      stubs.directory,
      'claimKeyPackages',
      { ...claim, requiredCapabilities: undefined },
      { metadata },
    );
  }
  closeStubs(stubs);

  while ((await stockOf(bob)) < 6) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await stockOf(bob)).toBe(6);
});
