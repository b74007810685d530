import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, type ClientOptions } from '../src/index.ts';
import { data, Device } from './device.ts';
import { Services, userUri } from './services.ts';

const folder = mkdtempSync(join(tmpdir(), 'canopy-client-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

const nowhere = { authentication: '127.0.0.1:1', directory: '127.0.0.1:1', delivery: '127.0.0.1:1' };

async function openClient(options: Partial<ClientOptions> = {}): Promise<Client> {
  const stateFile = join(folder, randomUUID());
  const client = await Client.open({ stateFile, services: nowhere, ...options });
  clients.push(client);
  return client;
}

const code = (word: string): unknown => expect.objectContaining({ name: 'ClientError', code: word });

describe('a state file', () => {
  it('can be read by its owner only', async () => {
    const stateFile = join(folder, 'private');
    await openClient({ stateFile });
    for (const name of [stateFile, `${stateFile}-wal`]) {
      expect(statSync(name).mode & 0o777).toBe(0o600);
    }
  });

  it('belongs to one client at a time', async () => {
    const stateFile = join(folder, 'shared');
    const first = await openClient({ stateFile });
    await expect(openClient({ stateFile })).rejects.toEqual(code('STATE_IN_USE'));
    await first.close();
    await openClient({ stateFile });
  });

  it('is refused when it is something else', async () => {
    const stateFile = join(folder, 'letter');
    writeFileSync(
      stateFile,
      'Dear Alice, this is a letter and no database, however long it may be. '.repeat(99),
    );
    await expect(openClient({ stateFile })).rejects.toEqual(code('INVALID_STATE'));
  });
});

describe('a client that is not enrolled', () => {
  it('has no device and does nothing in the name of one', async () => {
    const client = await openClient();
    expect([client.device, client.user, client.conversations()]).toEqual([undefined, undefined, []]);
    expect(client.conversation('00')).toBeUndefined();
    await expect(client.replenish()).rejects.toEqual(code('NOT_ENROLLED'));
    await expect(client.start()).rejects.toEqual(code('NOT_ENROLLED'));
    await expect(client.createConversation()).rejects.toEqual(code('NOT_ENROLLED'));
  });

  it('says that a service is not there', async () => {
    const client = await openClient();
    await expect(client.enrol('code')).rejects.toEqual(code('SERVICE_UNAVAILABLE'));
  });
});

describe('events', () => {
  it('have one reader at a time', async () => {
    const client = await openClient();
    const first = client.events();
    const waiting = first.next();
    await expect(client.events().next()).rejects.toEqual(code('MISUSE'));
    await client.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});

describe('with services', () => {
  let services: Services;
  const devices: Device[] = [];
  beforeAll(async () => {
    services = await Services.start({ CANOPY_TOKEN_LIFETIME: '2s' });
  });
  afterEach(async () => {
    await Promise.all(devices.splice(0).map(({ client }) => client.close()));
  });
  afterAll(() => services.stop());

  it('an enrolled device stays the same, whatever code it is shown later', async () => {
    const stateFile = join(folder, 'enrolled');
    const client = await openClient({ stateFile, services: services.addresses });
    const enrolled = await client.enrol(await services.enrolmentCode('alice'));
    expect(enrolled).toEqual({ device: client.device, user: userUri('alice') });
    expect(await client.enrol('another')).toEqual(enrolled);
    await client.close();
    const again = await openClient({ stateFile, services: services.addresses });
    expect([again.device, again.user]).toEqual([enrolled.device, enrolled.user]);
  });

  it('a code that does not exist, or is used, enrols nobody', async () => {
    const used = await services.enrolmentCode('bob');
    const first = await openClient({ services: services.addresses });
    await first.enrol(used);
    const second = await openClient({ services: services.addresses });
    await expect(second.enrol(used)).rejects.toMatchObject({
      code: 'ENROLMENT_REFUSED',
      reason: 'CODE_USED',
    });
    const wrong = `${used.slice(0, -1)}${used.endsWith('2') ? '3' : '2'}`;
    await expect(second.enrol(wrong)).rejects.toMatchObject({ code: 'ENROLMENT_REFUSED' });
    expect(second.device).toBeUndefined();
    await second.enrol(await services.enrolmentCode('bob'));
    expect(second.user).toBe(userUri('bob'));
  });

  it.each([2, 3, 4, 5, 6, 7])('cipher suite %i works from the code to the message', async (cipherSuite) => {
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map(async (name) => {
        const stateFile = join(folder, randomUUID());
        const device = await Device.open(services, stateFile);
        devices.push(device);
        const user = `${name}-${cipherSuite}`;
        await device.client.enrol(await services.enrolmentCode(user), { cipherSuite });
        await device.client.replenish();
        await device.client.start();
        return device;
      }),
    );
    const conversation = await alice?.client.createConversation();
    await conversation?.invite([userUri(`bob-${cipherSuite}`)]);
    await conversation?.send(data('hello'));
    expect(await bob?.untilText('hello')).toEqual(['hello']);
  });

  it('goes on when its access tokens and streams expire', async () => {
    const alice = await Device.enrol(services, 'alice-long');
    const bob = await Device.enrol(services, 'bob-long');
    devices.push(alice, bob);
    const conversation = await alice.client.createConversation();
    await conversation.invite([userUri('bob-long')]);
    const until = Date.now() + 5_000;
    const sent: string[] = [];
    while (Date.now() < until) {
      sent.push(`message ${sent.length}`);
      await conversation.send(data(`message ${sent.length - 1}`));
    }
    expect(await bob.untilText(`message ${sent.length - 1}`)).toEqual(sent);
  });
});
