/**
 * One member's device, as a process of its own: does what it is told on standard input, tells what happens on
 * standard output, and ends when its input does.
 *
 * @module
 */

import { flushCompileCache } from 'node:module';
import { createInterface } from 'node:readline';
import { Client, type ClientEvent, type Conversation } from '@canopy/client';
import { parseCommand, type Command, type Fields, type Reply } from './protocol.ts';
import { keepAccess, tryOldAccess, type OldAccess } from './old-access.ts';

let opened: Client | undefined;
let oldAccess: OldAccess | undefined;

function say(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

function client(): Client {
  if (opened === undefined) throw new Error('the client is not open yet');
  return opened;
}

function conversation(id: string): Conversation {
  const found = client().conversation(id);
  if (found === undefined) throw new Error('this device has no such conversation');
  return found;
}

const fieldsOfEvent = (event: ClientEvent): Fields =>
  Object.fromEntries(
    Object.entries(event).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value),
    ]),
  );

async function tellEvents(from: Client): Promise<void> {
  for await (const event of from.events()) say({ kind: 'event', fields: fieldsOfEvent(event) });
}

function listen(from: Client): void {
  tellEvents(from).catch((error: unknown) => {
    process.stderr.write(`events ended: ${String(error)}\n`);
    process.exitCode = 1;
  });
}

type Act = (...parameters: readonly string[]) => Promise<Fields>;

const acts: Readonly<Record<string, Act>> = {
  async open(stateFile = '', authentication = '', directory = '', delivery = '') {
    opened = await Client.open({ stateFile, services: { authentication, directory, delivery } });
    // The members that start later need not compile the same files again.
    flushCompileCache();
    return { device: opened.device ?? '' };
  },
  async enrol(code = '') {
    const { device, user } = await client().enrol(code);
    return { device, user };
  },
  async replenish() {
    return { published: String(await client().replenish()) };
  },
  async start() {
    await client().start();
    listen(client());
    return {};
  },
  async create() {
    const created = await client().createConversation();
    return { conversation: created.id };
  },
  async invite(id = '', ...users) {
    const { added, unavailable } = await conversation(id).invite(users);
    return { added: added.join(' '), unavailable: JSON.stringify(unavailable) };
  },
  async send(id = '', text = '') {
    const { sequence } = await conversation(id).send(Buffer.from(text));
    return { sequence: String(sequence) };
  },
  async remove(id = '', ...users) {
    await conversation(id).remove(users);
    return {};
  },
  async rotateKeys(id = '') {
    await conversation(id).rotateKeys();
    return {};
  },
  status(id = '') {
    const { epoch, epochAuthenticator, isActive } = conversation(id);
    return Promise.resolve({
      epoch: String(epoch),
      authenticator: Buffer.from(epochAuthenticator).toString('hex'),
      active: String(isActive),
      members: String(conversation(id).members().length),
    });
  },
  async keepAccess(id = '', delivery = '') {
    oldAccess = await keepAccess(client(), conversation(id), delivery);
    return {};
  },
  async tryOldAccess() {
    if (oldAccess === undefined) throw new Error('no access was kept');
    return tryOldAccess(oldAccess);
  },
};

async function obey({ id, name, parameters }: Command): Promise<void> {
  try {
    const act = acts[name];
    if (act === undefined) throw new Error(`unknown command ${name}`);
    say({ kind: 'result', id, fields: await act(...parameters) });
  } catch (error) {
    say({ kind: 'failure', id, reason: reasonOf(error) });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code: unknown = Reflect.get(error, 'code');
  return `${typeof code === 'string' ? `${code}: ` : ''}${error.message}`;
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => void obey(parseCommand(line)));
input.on('close', () => {
  const closing = opened?.close() ?? Promise.resolve();
  closing.finally(() => process.exit()).catch(() => {});
});
