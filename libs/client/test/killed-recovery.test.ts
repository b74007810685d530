import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { delivery as contract } from '@canopy/contract';
import type { Conversation, Step } from '../src/index.ts';
import { authenticator, data, Device } from './device.ts';
import { LooseDelivery } from './loose-delivery.ts';
import { RemoteDevice, textsIn } from './remote-device.ts';
import { Rogue } from './rogue.ts';
import { Services, userUri } from './services.ts';

let delivery: LooseDelivery;
let services: Services;
const open: Device[] = [];
const processes: RemoteDevice[] = [];

beforeAll(async () => {
  delivery = await LooseDelivery.start();
  services = await Services.startBeside(delivery.address);
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.kill()));
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

function launch(stateFile: string, step?: Step): RemoteDevice {
  const dieBefore = step && { step, time: 1 };
  const process = new RemoteDevice({
    stateFile,
    services: services.addresses,
    ...(dieBefore && { dieBefore }),
  });
  processes.push(process);
  return process;
}

async function enrolRemote(userName: string): Promise<string> {
  const stateFile = join(services.folder, `${randomUUID()}.sqlite`);
  const process = launch(stateFile);
  await process.tell({ do: 'enrol', code: await services.enrolmentCode(userName) });
  await process.tell({ do: 'replenish' });
  await process.kill();
  return stateFile;
}

/** A conversation of a local device with a remote one, which has joined and was ended. */
async function withRemote(
  name: string,
  others: readonly string[] = [],
): Promise<{ alice: Device; stateFile: string; ofAlice: Conversation }> {
  const alice = await device(`alice-${name}`);
  const stateFile = await enrolRemote(`bob-${name}`);
  const ofAlice = await alice.client.createConversation();
  await ofAlice.invite([`bob-${name}`, ...others].map(userUri));
  return { alice, stateFile, ofAlice };
}

function commitsIn(id: string): number {
  return delivery.log(id).filter(({ kind }) => kind === contract.LogEntryKind.COMMIT).length;
}

async function goOn(stateFile: string, text: string): Promise<RemoteDevice> {
  const next = launch(stateFile);
  await next.tell({ do: 'start' });
  await next.tell({ do: 'follow' });
  await next.untilText(text);
  return next;
}

describe('killed while it joins', () => {
  it('at tree:part: it reads the tree again and is in the group, once', async () => {
    const { stateFile, ofAlice } = await withRemote('tree');
    await ofAlice.send(data('hello'));
    const first = launch(stateFile, 'tree:part');
    await first.tell({ do: 'start' });
    await first.died();

    const second = await goOn(stateFile, 'hello');

    expect(second.events.map(({ kind }) => kind)).toEqual(['joined', 'message']);
  });
});

describe('killed while it comes back into a group', () => {
  it.each<Step>(['rejoin:staged', 'rejoin:saved', 'rejoin:answered', 'rejoin:done'])(
    'at %s: it comes back once',
    async (step) => {
      const name = step.replace(':', '-');
      const mallory = await device(`mallory-${name}`);
      const { alice, stateFile, ofAlice } = await withRemote(name, [`mallory-${name}`]);
      await mallory.joined();
      await mallory.client.close();
      const joining = launch(stateFile);
      await joining.tell({ do: 'start' });
      await joining.kill();
      const rogue = new Rogue(mallory.stateFile, ofAlice.id, services);
      await rogue.commitGarbled();
      rogue.close();
      await alice.until(({ kind }) => kind === 'resynced');
      const first = launch(stateFile, step);
      await first.tell({ do: 'start' });
      await first.died();

      const second = launch(stateFile);
      await second.tell({ do: 'start' });
      await second.tell({ do: 'follow' });
      await second.tell({ do: 'send', conversation: ofAlice.id, text: 'back' });
      await alice.untilText('back');
      await ofAlice.send(data('seen'));
      await second.untilText('seen');

      expect(second.events.filter(({ kind }) => kind === 'resynced')).toHaveLength(1);
      expect(commitsIn(ofAlice.id)).toBe(4);
    },
  );
});

describe('killed while it hands in what the log has lost', () => {
  it.each<Step>(['restore:handed-in', 'restore:rewound'])(
    'at %s: the log gets all of it, and nothing comes twice',
    async (step) => {
      const { alice, stateFile, ofAlice } = await withRemote(step.replace(':', '-'));
      const joined = launch(stateFile);
      await joined.tell({ do: 'start' });
      const goBack = delivery.snapshot();
      await ofAlice.send(data('one'));
      await ofAlice.rotateKeys();
      await ofAlice.send(data('two'));
      await joined.tell({ do: 'follow' });
      await joined.untilText('two');
      await joined.kill();
      await alice.client.close();
      goBack();
      const first = launch(stateFile, step);
      await first.tell({ do: 'start' });
      await first.died();

      const second = launch(stateFile);
      await second.tell({ do: 'start' });
      await second.tell({ do: 'follow' });
      const again = await alice.reopen();
      open.push(again);
      const ofAgain = again.conversation(ofAlice.id);
      await ofAgain.send(data('three'));
      await second.untilText('three');
      while (delivery.log(ofAlice.id).length < 5) await new Promise((resolve) => setTimeout(resolve, 5));

      const contents = delivery
        .log(ofAlice.id)
        .map(({ mlsMessage }) => Buffer.from(mlsMessage).toString('hex'));
      expect(new Set(contents).size).toBe(5);
      expect(contents).toHaveLength(5);
      // What was handed over last before the kill may come once more.
      expect(textsIn(second.events).filter((text) => text !== 'two')).toEqual(['three']);
    },
  );
});

describe('killed around a ticket', () => {
  it.each<Step>(['ticket:saved', 'ticket:registered'])(
    'at %s: whoever makes tickets can make another one, which works',
    async (step) => {
      const name = step.replace(':', '-');
      const { alice, stateFile, ofAlice } = await withRemote(name);
      const guest = await device(`guest-${name}`);
      const first = launch(stateFile, step);
      await first.tell({ do: 'start' });
      expect(await first.tell({ do: 'ticket', conversation: ofAlice.id })).toBeUndefined();
      await first.died();

      const second = launch(stateFile);
      await second.tell({ do: 'start' });
      const made = await second.tell({ do: 'ticket', conversation: ofAlice.id });
      const ofGuest = await guest.client.joinWithTicket(String(made?.['ticket']));
      await ofGuest.send(data('hello'));

      await alice.untilText('hello');
      expect(authenticator(ofGuest)).toBe(authenticator(ofAlice));
    },
  );

  it.each<Step>(['visit:staged', 'visit:saved', 'visit:answered', 'visit:done'])(
    'at %s: the guest is in the group, once',
    async (step) => {
      const name = step.replace(':', '-');
      const { alice, ofAlice } = await withRemote(name);
      const guest = await enrolRemote(`guest-${name}`);
      const ticket = await ofAlice.createTicket({ lifetimeMs: 3_600_000 });
      const first = launch(guest, step);
      await first.tell({ do: 'start' });
      expect(await first.tell({ do: 'join', ticket })).toBeUndefined();
      await first.died();

      const second = launch(guest);
      await second.tell({ do: 'start' });
      await second.tell({ do: 'join', ticket });
      await second.tell({ do: 'send', conversation: ofAlice.id, text: 'hello' });

      await alice.untilText('hello');
      expect(ofAlice.members()).toHaveLength(3);
      expect(commitsIn(ofAlice.id)).toBe(2);
    },
  );
});

describe('killed when it has renewed its credential', () => {
  it('at renew:saved: the group still gets the new one', async () => {
    const { alice, stateFile, ofAlice } = await withRemote('renew');
    const joining = launch(stateFile);
    await joining.tell({ do: 'start' });
    await joining.kill();
    const database = new DatabaseSync(stateFile);
    database.exec('UPDATE device SET renew_at_ms = 0');
    database.close();
    const first = launch(stateFile, 'renew:saved');
    await first.tell({ do: 'start' });
    await first.died();

    const second = launch(stateFile);
    await second.tell({ do: 'start' });

    const events = await alice.until((event) => event.kind === 'members' && event.updated.length > 0);
    expect(events.at(-1)).toMatchObject({ updated: [expect.stringContaining('bob-renew')] });
    await ofAlice.send(data('on'));
    await second.tell({ do: 'follow' });
    await second.untilText('on');
  });
});
