import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { attestationOf } from '@canopy/identity';
import { defaultPolicy, Group, noPsks } from '@canopy/mls';
import { openStore } from '../src/store/store.ts';
import { authenticator, data, Device } from './device.ts';
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
  const made = await Device.enrol(services, userName, { wait: () => Promise.resolve() });
  open.push(made);
  return made;
}

/** Makes the credential of a closed device an old one, as in a file of an earlier version. */
async function age({ stateFile }: Device): Promise<void> {
  const database = new DatabaseSync(stateFile);
  database.exec('UPDATE device SET renew_at_ms = 0');
  database.close();
  // An attestation that is made in the same second is the same, byte for byte: nobody would see that it is another one.
  await pause(1_000 - (Date.now() % 1_000));
}

function believe(): Promise<{ readonly valid: true }> {
  return Promise.resolve({ valid: true });
}

/** The attestation that a closed device has, and those that it sees in a group. */
function attestationsOf(
  { stateFile }: Device,
  id: string,
): { own: string; seen: readonly (string | undefined)[] } {
  const store = openStore(stateFile);
  const identities = { validateCredential: believe, validateSuccessor: believe };
  const options = { policy: defaultPolicy, identities, psks: noPsks, now: () => 0n };
  const group = Group.restore(store.conversations.records(id), options);
  const own = store.device.enrolled()?.attestation ?? '';
  store.close();
  return { own, seen: Array.from(group.members(), ({ leafNode }) => attestationOf(leafNode.extensions)) };
}

describe('a credential that has lived for two thirds of its time', () => {
  it('is renewed, and the groups see the new one', async () => {
    const alice = await device('alice-renew');
    const bob = await device('bob-renew');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-renew')]);
    const ofBob = await bob.joined();
    await alice.client.close();
    const before = attestationsOf(alice, conversation.id).own;
    await age(alice);

    const again = await alice.reopen({ wait: () => Promise.resolve() });
    open.push(again);

    await bob.until((event) => event.kind === 'members' && event.updated.includes(alice.uri));
    await again.conversation(conversation.id).send(data('renewed'));
    expect(await bob.untilText('renewed')).toEqual(['renewed']);
    expect(authenticator(again.conversation(conversation.id))).toBe(authenticator(ofBob));
    await Promise.all([again.client.close(), bob.client.close()]);
    const { own } = attestationsOf(alice, conversation.id);
    expect(own).not.toBe(before);
    expect(attestationsOf(bob, conversation.id).seen).toContain(own);
  });

  it('stays what it is before that', async () => {
    const alice = await device('alice-fresh');
    const conversation = await alice.client.createConversation();
    await alice.client.close();
    const before = attestationsOf(alice, conversation.id);

    const again = await alice.reopen();
    open.push(again);
    await again.conversation(conversation.id).send(data('still'));
    await again.client.close();

    expect(attestationsOf(alice, conversation.id)).toEqual(before);
  });
});

describe('keys that a device has had for a week', () => {
  it('are replaced in the group, and no sooner', async () => {
    const alice = await device('alice-week');
    const bob = await device('bob-week');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-week')]);
    const ofBob = await bob.joined();
    const noWait = { wait: () => Promise.resolve() };
    const day = 24 * 3_600_000;
    const noted = await alice.reopen(noWait);
    await noted.conversation(conversation.id).send(data('noted'));
    await bob.untilText('noted');
    const soon = await noted.reopen({ ...noWait, clock: { now: () => Date.now() + 6 * day } });
    await soon.conversation(conversation.id).send(data('sooner'));
    await bob.untilText('sooner');
    expect(ofBob.epoch).toBe(1n);

    const later = await soon.reopen({ ...noWait, clock: { now: () => Date.now() + 8 * day } });
    open.push(later);

    const events = await bob.until((event) => event.kind === 'members');
    expect(events.at(-1)).toMatchObject({ updated: [alice.uri], by: alice.uri, epoch: 2n });
  });
});
