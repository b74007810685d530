import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Step } from '../src/index.ts';
import { authenticator, data, Device } from './device.ts';
import type { Command } from './device-process.ts';
import { RemoteDevice, textsIn } from './remote-device.ts';
import { Services, userUri } from './services.ts';

let services: Services;
const open: Device[] = [];
const processes: RemoteDevice[] = [];

beforeAll(async () => {
  services = await Services.start();
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.kill()));
  await Promise.all(open.splice(0).map(({ client }) => client.close()));
});
afterAll(() => services.stop());

async function device(userName: string): Promise<Device> {
  const made = await Device.enrol(services, userName);
  open.push(made);
  return made;
}

function newStateFile(): string {
  return join(services.folder, `${randomUUID()}.sqlite`);
}

function launch(stateFile: string, dieBefore?: { readonly step: Step; readonly time: number }): RemoteDevice {
  const settings = { stateFile, services: services.addresses, ...(dieBefore && { dieBefore }) };
  const process = new RemoteDevice(settings);
  processes.push(process);
  return process;
}

/** Enrols a device that lives in processes of its own, and ends the first of them. */
async function enrolRemote(userName: string): Promise<string> {
  const stateFile = newStateFile();
  const process = launch(stateFile);
  await process.tell({ do: 'enrol', code: await services.enrolmentCode(userName) });
  await process.tell({ do: 'replenish' });
  await process.kill();
  return stateFile;
}

/** Begins a conversation on a remote device and lets somebody else join; ends the process. */
async function conversationWith(stateFile: string, other: Device, otherName: string): Promise<string> {
  const process = launch(stateFile);
  await process.tell({ do: 'start' });
  const conversation = String((await process.tell({ do: 'create' }))?.['conversation']);
  await process.tell({ do: 'invite', conversation, users: [userUri(otherName)] });
  await other.joined(conversation);
  await process.kill();
  return conversation;
}

describe('killed while it sends', () => {
  const cases: readonly { readonly step: Step; readonly isSaved: boolean }[] = [
    { step: 'send:encrypted', isSaved: false },
    { step: 'send:saved', isSaved: true },
    { step: 'send:answered', isSaved: true },
  ];
  it.each(cases)('at $step: nothing is lost and nothing comes twice', async ({ step, isSaved }) => {
    const name = `sender-${step.replace(':', '-')}`;
    const bob = await device(`bob-${name}`);
    const stateFile = await enrolRemote(name);
    const conversation = await conversationWith(stateFile, bob, `bob-${name}`);
    const first = launch(stateFile, { step, time: 3 });
    await first.tell({ do: 'start' });
    expect(await first.tell({ do: 'send', conversation, text: 'one' })).toBeDefined();
    expect(await first.tell({ do: 'send', conversation, text: 'two' })).toBeDefined();
    expect(await first.tell({ do: 'send', conversation, text: 'three' })).toBeUndefined();
    await first.died();

    const second = launch(stateFile);
    await second.tell({ do: 'start' });
    await second.tell({ do: 'send', conversation, text: 'four' });

    expect(await bob.untilText('four')).toEqual(
      isSaved ? ['one', 'two', 'three', 'four'] : ['one', 'two', 'four'],
    );
  });

  it('and the group has moved on by many epochs: the message is encrypted again and comes once', async () => {
    const bob = await device('bob-stale');
    const stateFile = await enrolRemote('stale');
    const conversation = await conversationWith(stateFile, bob, 'bob-stale');
    const first = launch(stateFile, { step: 'send:saved', time: 1 });
    await first.tell({ do: 'start' });
    await first.tell({ do: 'send', conversation, text: 'stale' });
    await first.died();
    for (let epoch = 0; epoch < 6; epoch += 1) await bob.conversation(conversation).rotateKeys();

    const second = launch(stateFile);
    await second.tell({ do: 'start' });
    await second.tell({ do: 'send', conversation, text: 'fresh' });

    expect(await bob.untilText('fresh')).toEqual(['stale', 'fresh']);
  });
});

describe('killed while it receives', () => {
  it.each<Step>(['entry:processed', 'entry:saved'])(
    'at %s: every message is handed over once',
    async (step) => {
      const name = `receiver-${step.replace(':', '-')}`;
      const bob = await device(`bob-${name}`);
      const stateFile = await enrolRemote(name);
      const conversation = await conversationWith(stateFile, bob, `bob-${name}`);
      const ofBob = bob.conversation(conversation);
      await Promise.all(['one', 'two', 'three'].map((text) => ofBob.send(data(text))));
      await ofBob.rotateKeys();
      await ofBob.send(data('four'));

      const received: unknown[] = [];
      for (const time of [1, 2, 2]) {
        const process = launch(stateFile, { step, time });
        await process.tell({ do: 'start' });
        await process.died();
      }
      const last = launch(stateFile);
      await last.tell({ do: 'start' });
      await last.tell({ do: 'follow' });
      await last.untilText('four');
      received.push(...textsIn(last.events));

      expect(received).toEqual(['one', 'two', 'three', 'four']);
    },
  );

  it('before it has noted that an event was handed over: that one comes again, no other', async () => {
    const bob = await device('bob-hand');
    const stateFile = await enrolRemote('hand');
    const conversation = await conversationWith(stateFile, bob, 'bob-hand');
    const ofBob = bob.conversation(conversation);
    // The first event is the own commit that added Bob.
    const first = launch(stateFile, { step: 'event:handed-over', time: 3 });
    for (const text of ['one', 'two', 'three']) await ofBob.send(data(text));
    await first.tell({ do: 'start' });
    await first.tell({ do: 'follow' });
    await first.untilText('never');
    await first.died();

    const second = launch(stateFile);
    await second.tell({ do: 'start' });
    await second.tell({ do: 'follow' });
    await second.untilText('three');

    expect([textsIn(first.events), textsIn(second.events)]).toEqual([
      ['one', 'two'],
      ['two', 'three'],
    ]);
  });

  it('at moments that nobody has chosen: nothing is lost and the order stays', async () => {
    const bob = await device('bob-random');
    const stateFile = await enrolRemote('random');
    const conversation = await conversationWith(stateFile, bob, 'bob-random');
    const ofBob = bob.conversation(conversation);
    const texts = Array.from({ length: 40 }, (_, index) => `message ${index}`);
    const sending = (async (): Promise<void> => {
      for (const [index, text] of texts.entries()) {
        if (index % 8 === 7) await ofBob.rotateKeys();
        await ofBob.send(data(text));
      }
    })();

    const received: unknown[] = [];
    const last = 'message 39';
    for (let round = 1; !received.includes(last); round += 1) {
      const process = launch(stateFile);
      await process.tell({ do: 'start' });
      await process.tell({ do: 'follow' });
      for (let count = 0; count < round && !textsIn(process.events).includes(last); count += 1) {
        await process.untilMessage();
      }
      await process.kill();
      received.push(...textsIn(process.events));
    }
    await sending;

    // What was handed over last before a kill may come once more, at once.
    const once = received.filter((text, index) => text !== received[index - 1]);
    expect(once).toEqual(texts);
  });
});

describe('killed while it changes a group', () => {
  const cases: readonly { readonly step: Step; readonly isSaved: boolean }[] = [
    { step: 'commit:staged', isSaved: false },
    { step: 'commit:saved', isSaved: true },
    { step: 'commit:answered', isSaved: true },
  ];
  const changes: readonly ((conversation: string, carol: string) => Command)[] = [
    (conversation) => ({ do: 'rotate', conversation }),
    (conversation, carol) => ({ do: 'invite', conversation, users: [userUri(carol)] }),
  ];
  const all = cases.flatMap((one) => changes.map((change, index) => ({ ...one, change, index })));

  it.each(all)(
    'at $step ($index): it and the others stay together',
    async ({ step, isSaved, change, index }) => {
      const name = `changer-${step.replace(':', '-')}-${index}`;
      const bob = await device(`bob-${name}`);
      const carol = await device(`carol-${name}`);
      const stateFile = await enrolRemote(name);
      const conversation = await conversationWith(stateFile, bob, `bob-${name}`);
      const first = launch(stateFile, { step, time: 1 });
      await first.tell({ do: 'start' });
      expect(await first.tell(change(conversation, `carol-${name}`))).toBeUndefined();
      await first.died();

      const second = launch(stateFile);
      await second.tell({ do: 'start' });
      await second.tell({ do: 'send', conversation, text: 'still here' });

      await bob.untilText('still here');
      const ofBob = bob.conversation(conversation);
      expect(ofBob.epoch).toBe(isSaved ? 2n : 1n);
      if (isSaved && index === 1) expect(authenticator(await carol.joined())).toBe(authenticator(ofBob));
      await ofBob.send(data('answer'));
      await second.tell({ do: 'follow' });
      await second.untilText('answer');
    },
  );

  it('and somebody else was faster: the other change counts, and it goes on', async () => {
    const bob = await device('bob-faster');
    const stateFile = await enrolRemote('slower');
    const conversation = await conversationWith(stateFile, bob, 'bob-faster');
    const first = launch(stateFile, { step: 'commit:saved', time: 1 });
    await first.tell({ do: 'start' });
    await first.tell({ do: 'rotate', conversation });
    await first.died();
    await bob.conversation(conversation).rotateKeys();

    const second = launch(stateFile);
    await second.tell({ do: 'start' });
    await second.tell({ do: 'rotate', conversation });
    await second.tell({ do: 'send', conversation, text: 'together' });

    await bob.untilText('together');
    expect(bob.conversation(conversation).epoch).toBe(3n);
  });
});

describe('killed while it begins', () => {
  it.each<Step>(['enrol:keys-saved', 'enrol:completed'])(
    'at %s: the same code gives one device',
    async (step) => {
      const user = `beginner-${step.replace(':', '-')}`;
      const code = await services.enrolmentCode(user);
      const stateFile = newStateFile();
      const first = launch(stateFile, { step, time: 1 });
      expect(await first.tell({ do: 'enrol', code })).toBeUndefined();
      await first.died();

      const second = launch(stateFile);
      const enrolled = await second.tell({ do: 'enrol', code });
      await second.tell({ do: 'replenish' });

      expect(enrolled).toMatchObject({ user: userUri(user) });
      const alice = await device(`alice-of-${user}`);
      const { added } = await (await alice.client.createConversation()).invite([userUri(user)]);
      expect(added).toEqual([enrolled?.['device']]);
    },
  );

  it.each<Step>(['key-packages:saved', 'key-packages:published'])(
    'at %s: every KeyPackage in the directory can be used',
    async (step) => {
      const user = `stocker-${step.replace(':', '-')}`;
      const stateFile = newStateFile();
      const first = launch(stateFile, { step, time: 1 });
      await first.tell({ do: 'enrol', code: await services.enrolmentCode(user) });
      expect(await first.tell({ do: 'replenish' })).toBeUndefined();
      await first.died();

      const second = launch(stateFile);
      await second.tell({ do: 'replenish' });
      await second.tell({ do: 'start' });
      await second.tell({ do: 'follow' });
      const alice = await device(`alice-of-${user}`);
      for (const text of ['one', 'two', 'three']) {
        const conversation = await alice.client.createConversation();
        await conversation.invite([userUri(user)]);
        await conversation.send(data(text));
        await second.untilText(text);
      }

      expect(textsIn(second.events)).toEqual(['one', 'two', 'three']);
    },
  );

  it.each<Step>(['create:saved', 'create:opened'])(
    'at %s: the conversation is there and works',
    async (step) => {
      const user = `founder-${step.replace(':', '-')}`;
      const stateFile = await enrolRemote(user);
      const first = launch(stateFile, { step, time: 1 });
      await first.tell({ do: 'start' });
      expect(await first.tell({ do: 'create' })).toBeUndefined();
      await first.died();

      const second = launch(stateFile);
      await second.tell({ do: 'start' });
      const found = await second.tell({ do: 'conversations' });
      const [id] = Object.values(found?.['conversations'] ?? {}).map(String);
      if (id === undefined) throw new Error('the conversation is gone');
      const bob = await device(`bob-of-${user}`);
      await second.tell({ do: 'invite', conversation: id, users: [userUri(`bob-of-${user}`)] });
      await second.tell({ do: 'send', conversation: id, text: 'founded' });

      expect(await bob.untilText('founded')).toEqual(['founded']);
    },
  );

  it.each<Step>(['join:processed', 'join:saved'])(
    'at %s: it is in the group, with the event, once',
    async (step) => {
      const user = `joiner-${step.replace(':', '-')}`;
      const stateFile = await enrolRemote(user);
      const alice = await device(`alice-of-${user}`);
      const conversation = await alice.client.createConversation();
      await conversation.invite([userUri(user)]);
      await conversation.send(data('hello'));
      const first = launch(stateFile, { step, time: 1 });
      await first.tell({ do: 'start' });
      await first.died();

      const second = launch(stateFile);
      await second.tell({ do: 'start' });
      await second.tell({ do: 'follow' });
      await second.untilText('hello');

      expect(second.events.map((event) => event['kind'])).toEqual(['joined', 'message']);
    },
  );
});
