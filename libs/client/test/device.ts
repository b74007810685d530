/**
 * A client with an application that reads its events.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, type ClientEvent, type ClientOptions, type Conversation } from '../src/index.ts';
import type { Services } from './services.ts';

type More = Omit<Partial<ClientOptions>, 'stateFile' | 'services'>;

/** A device of a user, with what it was told. */
export class Device {
  readonly client: Client;
  readonly stateFile: string;
  readonly #services: Services;
  readonly #events: AsyncIterator<ClientEvent>;

  private constructor(client: Client, stateFile: string, services: Services) {
    this.client = client;
    this.stateFile = stateFile;
    this.#services = services;
    this.#events = client.events()[Symbol.asyncIterator]();
  }

  /** Opens the client of a state file. */
  static async open(services: Services, stateFile: string, more: More = {}): Promise<Device> {
    const client = await Client.open({ stateFile, services: services.addresses, ...more });
    return new Device(client, stateFile, services);
  }

  /** Opens a new client, enrols it for a user, stocks the directory and starts to follow. */
  static async enrol(services: Services, userName: string, more: More = {}): Promise<Device> {
    const stateFile = join(services.folder, `${userName}-${randomUUID()}.sqlite`);
    const device = await Device.open(services, stateFile, more);
    await device.client.enrol(await services.enrolmentCode(userName));
    await device.client.replenish();
    await device.client.start();
    return device;
  }

  /** Closes the client and opens another one on the same state file. */
  async reopen(more: More = {}): Promise<Device> {
    await this.client.close();
    const next = await Device.open(this.#services, this.stateFile, more);
    await next.client.start();
    return next;
  }

  /** The URI of the device. */
  get uri(): string {
    return this.client.device ?? '';
  }

  /** Reads events up to the first that is wanted; gives all of them. */
  async until(isWanted: (event: ClientEvent) => boolean): Promise<readonly ClientEvent[]> {
    const events: ClientEvent[] = [];
    for (;;) {
      const { value, done } = await this.#events.next();
      if (done === true) throw new Error('the client was closed before the event came');
      events.push(value);
      if (isWanted(value)) return events;
    }
  }

  /** Reads events up to a message with this text; gives the texts of all messages on the way. */
  async untilText(text: string): Promise<readonly string[]> {
    return textsOf(await this.until((event) => textOf(event) === text));
  }

  /** Waits until this device has joined a conversation, and gives it. */
  async joined(id?: string): Promise<Conversation> {
    const events = await this.until(
      ({ kind, conversation }) => kind === 'joined' && (id === undefined || conversation === id),
    );
    return this.conversation(id ?? events.at(-1)?.conversation ?? '');
  }

  /** Reads events until a conversation is in an epoch. */
  async reached(id: string, epoch: bigint): Promise<readonly ClientEvent[]> {
    if (this.conversation(id).epoch >= epoch) return [];
    return this.until(
      (event) => event.kind === 'members' && event.conversation === id && event.epoch >= epoch,
    );
  }

  /** A conversation that has to be there. */
  conversation(id: string): Conversation {
    const found = this.client.conversation(id);
    if (found === undefined) throw new Error('no such conversation');
    return found;
  }
}

/** The text of a message; undefined for other events. */
export function textOf(event: ClientEvent): string | undefined {
  return event.kind === 'message' ? new TextDecoder().decode(event.data) : undefined;
}

/** The texts of the messages among events. */
export function textsOf(events: readonly ClientEvent[]): readonly string[] {
  return events.map(textOf).filter((text) => text !== undefined);
}

/** A text as data. */
export function data(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A value by which conversations on several devices can be compared. */
export function authenticator(conversation: Conversation): string {
  return Buffer.from(conversation.epochAuthenticator).toString('hex');
}
