/**
 * A client as a process of its own, which dies where it is told to.
 *
 * It reads one JSON command per line and answers each with one JSON line; what it receives comes as JSON lines in between.
 *
 * @module
 */
import { createInterface } from 'node:readline';
import { Client, type Conversation, type ServiceAddresses, type Step } from '../src/index.ts';

/** How the process is started, as JSON in its first argument. */
export interface ProcessSettings {
  readonly stateFile: string;
  readonly services: ServiceAddresses;
  /** The step before which the process kills itself, and at which time that it comes there. */
  readonly dieBefore?: { readonly step: Step; readonly time: number };
}

/** What the process can be told to do. */
export type Command =
  | { readonly do: 'enrol'; readonly code: string }
  | { readonly do: 'replenish' | 'start' | 'create' | 'follow' | 'conversations' }
  | { readonly do: 'invite'; readonly conversation: string; readonly users: readonly string[] }
  | { readonly do: 'rotate' | 'ticket'; readonly conversation: string }
  | { readonly do: 'join'; readonly ticket: string }
  | { readonly do: 'send'; readonly conversation: string; readonly text: string };

function say(line: object): void {
  const json = JSON.stringify(line, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
  process.stdout.write(`${json}\n`);
}

async function follow(client: Client): Promise<void> {
  for await (const event of client.events()) {
    const text = event.kind === 'message' ? { text: new TextDecoder().decode(event.data) } : {};
    say({ ...event, data: undefined, ...text });
  }
}

async function obey(client: Client, command: Command): Promise<object> {
  if ('conversation' in command) return act(conversationOf(client, command), command);
  switch (command.do) {
    case 'enrol':
      return client.enrol(command.code);
    case 'replenish':
      return { published: await client.replenish() };
    case 'start':
      await client.start();
      return {};
    case 'create':
      return { conversation: (await client.createConversation()).id };
    case 'follow':
      void follow(client);
      return {};
    case 'conversations':
      return { conversations: client.conversations().map(({ id }) => id) };
    case 'join':
      return { conversation: (await client.joinWithTicket(command.ticket)).id };
  }
}

type InConversation = Extract<Command, { readonly conversation: string }>;

async function act(conversation: Conversation, command: InConversation): Promise<object> {
  switch (command.do) {
    case 'invite':
      return conversation.invite(command.users);
    case 'rotate':
      await conversation.rotateKeys();
      return {};
    case 'ticket':
      return { ticket: await conversation.createTicket({ lifetimeMs: 3_600_000 }) };
    case 'send':
      return conversation.send(new TextEncoder().encode(command.text));
  }
}

function conversationOf(client: Client, command: { readonly conversation: string }): Conversation {
  const found = client.conversation(command.conversation);
  if (found === undefined) throw new Error('no such conversation');
  return found;
}

async function run(settings: ProcessSettings): Promise<void> {
  let left = settings.dieBefore?.time ?? 0;
  const client = await Client.open({
    ...settings,
    wait: () => Promise.resolve(),
    beforeStep(step) {
      if (step !== settings.dieBefore?.step) return;
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    },
  });
  for await (const line of createInterface(process.stdin)) {
    // oxlint-disable-next-line no-unsafe-type-assertion -- written by the test that started this process
    const command = JSON.parse(line) as Command;
    say({ done: command.do, ...(await obey(client, command)) });
  }
  await client.close();
}

// oxlint-disable-next-line no-unsafe-type-assertion -- written by the test that started this process
await run(JSON.parse(process.argv[2] ?? '') as ProcessSettings);
