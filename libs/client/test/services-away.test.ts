import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { LogLine } from '../src/index.ts';
import { authenticator, data, Device } from './device.ts';
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

async function device(userName: string, more: Parameters<typeof Device.enrol>[2] = {}): Promise<Device> {
  const made = await Device.enrol(services, userName, more);
  open.push(made);
  return made;
}

describe('a delivery service that was killed and started again', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('by %s: clients come back and miss nothing', async (signal) => {
    const name = signal.toLowerCase();
    const alice = await device(`alice-${name}`);
    const bob = await device(`bob-${name}`);
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri(`bob-${name}`)]);
    const ofBob = await bob.joined();
    await conversation.send(data('before'));

    await services.restart('delivery-service', signal);
    await conversation.send(data('after'));
    await ofBob.rotateKeys();
    await conversation.send(data('end'));

    expect(await bob.untilText('end')).toEqual(['before', 'after', 'end']);
    expect(authenticator(ofBob)).toBe(authenticator(conversation));
  });

  it('gets what was sent and changed while it was away, once', async () => {
    const lines: LogLine[] = [];
    const alice = await device('alice-meanwhile', { log: (line) => lines.push(line) });
    const bob = await device('bob-meanwhile');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-meanwhile')]);
    const ofBob = await bob.joined();
    await services.kill('delivery-service');

    const sending = ['one', 'two', 'three'].map((text) => conversation.send(data(text)));
    const rotating = ofBob.rotateKeys();
    await services.restart('delivery-service');
    const sent = await Promise.all(sending);
    await rotating;
    await conversation.send(data('end'));

    expect(await bob.untilText('end')).toEqual(['one', 'two', 'three', 'end']);
    expect(sent.map(({ sequence }) => sequence)).toEqual(
      sent.map(({ sequence }) => sequence).toSorted((a, b) => Number(a - b)),
    );
    expect(lines).toContainEqual(expect.objectContaining({ event: 'stream-broken' }));
  });

  it('does not hold up the end of a client; what was saved goes out with the next one', async () => {
    const steps = {
      'send:saved': Promise.withResolvers<void>(),
      'commit:saved': Promise.withResolvers<void>(),
    };
    let isAway = false;
    const alice = await device('alice-closing', {
      beforeStep(step) {
        if (isAway && (step === 'send:saved' || step === 'commit:saved')) steps[step].resolve();
      },
    });
    const bob = await device('bob-closing');
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-closing')]);
    await bob.joined();
    await services.kill('delivery-service');
    isAway = true;
    const closed = expect.objectContaining({ code: 'CLOSED' });
    const saved = alice.until((event) => event.kind === 'joined');
    const sending = expect(conversation.send(data('saved'))).rejects.toEqual(closed);
    const rotating = expect(conversation.rotateKeys()).rejects.toEqual(closed);
    await Promise.all([steps['send:saved'].promise, steps['commit:saved'].promise]);

    await alice.client.close();
    await Promise.all([sending, rotating, expect(saved).rejects.toThrow('closed')]);
    await services.restart('delivery-service');
    const again = await Device.open(services, alice.stateFile);
    open.push(again);
    await again.client.start();
    await again.conversation(conversation.id).send(data('end'));

    expect(await bob.untilText('end')).toEqual(['saved', 'end']);
    await bob.reached(conversation.id, 2n);
  });
});

describe('all services', () => {
  it('may be started again between any two steps', async () => {
    const alice = await device('alice-steps');
    const bob = await device('bob-steps');
    for (const name of ['authentication-service', 'key-directory', 'delivery-service'] as const) {
      await services.restart(name);
    }
    const conversation = await alice.client.createConversation();
    const { added } = await conversation.invite([userUri('bob-steps')]);
    expect(added).toEqual([bob.uri]);
    await services.restart('delivery-service');
    await conversation.send(data('hello'));
    expect(await bob.untilText('hello')).toEqual(['hello']);
  });
});
