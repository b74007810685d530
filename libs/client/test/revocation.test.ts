import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { callUnary, connect, authentication } from '@canopy/contract';
import type { ClientOptions, Conversation } from '../src/index.ts';
import { openStore } from '../src/store/store.ts';
import { data, Device } from './device.ts';
import { LooseDelivery } from './loose-delivery.ts';
import { Services, userUri } from './services.ts';

const SOON = { revocationIntervalMs: 50 } as const;

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

async function device(userName: string, more: Partial<ClientOptions> = SOON): Promise<Device> {
  const made = await Device.enrol(services, userName, more);
  open.push(made);
  return made;
}

async function group(names: readonly string[], founder: Device): Promise<Conversation> {
  const conversation = await founder.client.createConversation();
  await conversation.invite(names.map(userUri));
  return conversation;
}

function isRemovalOf(uri: string): Parameters<Device['until']>[0] {
  return (event) => event.kind === 'members' && event.removed.includes(uri);
}

describe('a revoked device', () => {
  it('leaves all groups by itself, within a bounded delay, by one commit', async () => {
    const waits: number[] = [];
    const wait = async (milliseconds: number): Promise<void> => void waits.push(milliseconds);
    const alice = await device('alice-revoke', { ...SOON, wait, random: () => 0.999 });
    const bob = await device('bob-revoke', { ...SOON, wait, random: () => 0.999 });
    const mallory = await device('mallory-revoke');
    const one = await group(['bob-revoke', 'mallory-revoke'], alice);
    const other = await group(['mallory-revoke'], bob);
    await bob.joined(one.id);
    await mallory.joined(one.id);

    await services.revoke(mallory.uri);

    await alice.until(isRemovalOf(mallory.uri));
    await bob.reached(one.id, 2n);
    await bob.reached(other.id, 2n);
    expect(one.members().map(({ device: uri }) => uri)).toEqual([alice.uri, bob.uri]);
    expect(other.members()).toHaveLength(1);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
    await one.send(data('without'));
    await bob.untilText('without');
    expect(one.epoch).toBe(2n);
    expect(delivery.log(one.id).filter(({ receipt }) => receipt !== '')).toHaveLength(2);
  });

  it('is not let in any more: its KeyPackages and its commits are refused', async () => {
    const alice = await device('alice-refuse');
    const mallory = await device('mallory-refuse');
    const conversation = await alice.client.createConversation();
    await services.revoke(mallory.uri);
    await untilKnown(alice);

    const { added, unavailable } = await conversation.invite([userUri('mallory-refuse')]);

    expect(added).toEqual([]);
    expect(unavailable).toHaveLength(1);
    const carol = await device('carol-refuse');
    expect((await conversation.invite([userUri('carol-refuse')])).added).toEqual([carol.uri]);
  });

  it('stays revoked after a restart, though the service should show an older list', async () => {
    const alice = await device('alice-restart');
    const mallory = await device('mallory-restart');
    await services.revoke(mallory.uri);
    const number = await untilKnown(alice);

    const again = await alice.reopen({ revocationIntervalMs: 3_600_000 });
    open.push(again);
    await again.client.close();

    const store = openStore(alice.stateFile);
    store.revocations.save({ number: number - 1, jwt: 'older' });
    expect(store.revocations.newest()?.number).toBeGreaterThanOrEqual(number);
    store.close();
  });
});

/** Waits until a device has the list that the service has now; gives its number. */
async function untilKnown({ client }: Device): Promise<number> {
  const stub = connect(authentication.AuthenticationServiceClient, {
    address: services.addresses.authentication,
  });
  const { result } = await callUnary(stub, 'getRevocationList', { knownNumber: 0n });
  stub.close();
  const number = Number(result?.$case === 'list' ? result.value.number : 0n);
  while (client.revocationListNumber < number) await new Promise((resolve) => setTimeout(resolve, 10));
  return number;
}
