/**
 * A user's device: enrols, keeps the directory stocked, and takes part in conversations.
 *
 * @module
 */
import { setMaxListeners } from 'node:events';
import { userOfDevice } from '@canopy/identity';
import type { Metadata } from '@grpc/grpc-js';
import type { TokenFor } from './access-tokens.ts';
import { Bell } from './bell.ts';
import type { ClientEvent } from './client-event.ts';
import { openPorts, type ClientOptions, type Ports } from './client-options.ts';
import { closeStubs } from './connections.ts';
import type { Conversation } from './conversation.ts';
import { Conversations } from './conversations.ts';
import { enrol, type EnrolmentWish } from './credentials.ts';
import { ClientError } from './errors.ts';
import { Expulsion } from './expulsion.ts';
import { EventFeed } from './event-feed.ts';
import { finishVisit, joinWithTicket } from './join-with-ticket.ts';
import { replenish } from './key-packages.ts';
import { Lane } from './lane.ts';
import { toClientError } from './service-calls.ts';
import type { EnrolledDevice } from './store/device-store.ts';
import type { Evidence } from './store/receipt-store.ts';
import type { Surroundings } from './surroundings.ts';
import { Renewal } from './renewal.ts';
import { StockWatch } from './stock-watch.ts';
import { surround } from './surround.ts';
import { Sync } from './sync.ts';

/** Which device a state file belongs to. */
export interface DeviceIdentity {
  readonly device: string;
  readonly user: string;
}

/** What an enrolled client is made of. */
interface Enrolled {
  readonly around: Surroundings;
  readonly conversations: Conversations;
  readonly sync: Sync;
  readonly expulsion: Expulsion;
}

/** More than all together may claim at once of a device, where the key directory is not told otherwise. */
const DEFAULT_KEY_PACKAGES = 50;

/** A user's device. Everything is in the state file: a process may be killed at any moment and the next one goes on. */
export class Client {
  readonly #ports: Ports;
  readonly #keyPackages: number;
  readonly #closing = new AbortController();
  readonly #newEvents = new Bell();
  readonly #errands = new Lane();
  readonly #feed: EventFeed;
  #enrolled: Enrolled | undefined;
  #maintaining: Promise<unknown> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(ports: Ports, keyPackages: number) {
    this.#ports = ports;
    this.#keyPackages = keyPackages;
    // Every call that is under way listens for the end of the client.
    setMaxListeners(0, this.#closing.signal);
    this.#feed = new EventFeed({
      events: ports.store.events,
      newEvents: this.#newEvents,
      signal: this.#closing.signal,
      beforeHandOver: () => ports.beforeStep('event:handed-over'),
    });
    const device = ports.store.device.enrolled();
    if (device !== undefined) this.#enrolled = this.#begin(device);
  }

  /**
   * Opens the client of a state file. Nothing is sent before it is asked for.
   *
   * @throws {ClientError} STATE_IN_USE, INVALID_STATE
   */
  static async open(options: ClientOptions): Promise<Client> {
    const ports = openPorts(options);
    try {
      return new Client(ports, options.keyPackages ?? DEFAULT_KEY_PACKAGES);
    } catch (error) {
      closeStubs(ports.stubs);
      ports.store.close();
      throw error;
    }
  }

  /** The URI of the device, once it is enrolled. */
  get device(): string | undefined {
    return this.#enrolled?.around.device;
  }

  /** The URI of the device's user, once it is enrolled. */
  get user(): string | undefined {
    return this.device === undefined ? undefined : userOfDevice(this.device);
  }

  /**
   * Enrols the device with a code of the administrator; a device that is enrolled already stays what it is.
   *
   * @throws {ClientError} ENROLMENT_REFUSED, SERVICE_REFUSED, SERVICE_UNAVAILABLE
   */
  async enrol(code: string, options: Partial<EnrolmentWish> = {}): Promise<DeviceIdentity> {
    const { device } = await this.#errands.run(async () => {
      this.#enrolled ??= this.#begin(
        await this.#enrol(code, { cipherSuite: 1, credential: 'basic', ...options }),
      );
      return this.#enrolled.around;
    });
    return { device, user: userOfDevice(device) };
  }

  /**
   * Fills the directory's stock of this device's KeyPackages; gives how many were published.
   *
   * @throws {ClientError} NOT_ENROLLED, KEY_PACKAGE_REFUSED, SERVICE_REFUSED, SERVICE_UNAVAILABLE
   */
  async replenish(): Promise<number> {
    const { around } = this.#require();
    return this.#errands.run(() => replenish(around, this.#keyPackages));
  }

  /**
   * Finishes what an earlier process began and follows everything that concerns the device, until the client is closed.
   * Resolves when what was there has been processed; while a service is away it waits.
   *
   * @throws {ClientError} NOT_ENROLLED, CLOSED
   */
  async start(): Promise<void> {
    const { conversations, sync } = this.#require();
    await this.#finishVisits();
    for (const known of conversations.all()) {
      if (known.replica.status === 'creating') await conversations.open(known);
    }
    this.#restock();
    this.#maintain();
    await Promise.all([
      sync.start(),
      ...conversations.all().map((known) => this.#resume(known.conversation)),
    ]);
  }

  /**
   * Gives the metadata, with an access token, for a call of a service that this client does not make itself.
   *
   * @throws {ClientError} NOT_ENROLLED, CLOSED; {CallError}
   */
  authorize(service: TokenFor): Promise<Metadata> {
    return this.#require().around.tokens.metadata(service);
  }

  /** Begins a conversation with this device alone in it. @throws {ClientError} NOT_ENROLLED, SERVICE_REFUSED, CLOSED */
  async createConversation(): Promise<Conversation> {
    const { conversations, sync } = this.#require();
    const created = await conversations.create();
    await sync.follow(created);
    return created.conversation;
  }

  /**
   * Joins a conversation as a guest, with the text of a ticket that a member made.
   *
   * @throws {ClientError} TICKET_REFUSED, NOT_ENROLLED, SERVICE_REFUSED, CLOSED
   */
  async joinWithTicket(ticket: string): Promise<Conversation> {
    const { around, conversations, sync } = this.#require();
    const joined = await this.#errands.run(() => joinWithTicket(ticket, around, conversations));
    await sync.follow(joined);
    return joined.conversation;
  }

  /** All conversations, also those that have ended for this device. */
  conversations(): readonly Conversation[] {
    return this.#enrolled?.conversations.all().map(({ conversation }) => conversation) ?? [];
  }

  /** Finds a conversation; after a new `joined` event ask again, since a new life of it is a new object. */
  conversation(id: string): Conversation | undefined {
    return this.#enrolled?.conversations.find(id)?.conversation;
  }

  /** The number of the newest revocation list that this device has; 0 for none. */
  get revocationListNumber(): number {
    return this.#ports.store.revocations.newest()?.number ?? 0;
  }

  /** Gives all pairs of receipts by which the Delivery Service has contradicted itself, for whoever is to judge it. */
  evidence(): readonly Evidence[] {
    return this.#ports.store.receipts.evidence();
  }

  /**
   * Gives what happens, to one reader at a time, until the client is closed. An event is done with when the next one is
   * asked for: whoever dies or stops reading before that sees it again.
   */
  events(): AsyncIterableIterator<ClientEvent> {
    return this.#feed.read();
  }

  /** Ends everything that is under way and closes the state file; what was saved goes on with the next process. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new ClientError('CLOSED', 'the client was closed'));
    closeStubs(this.#ports.stubs);
    await this.#errands.settled();
    await this.#enrolled?.sync.stopped();
    await this.#maintaining;
    await this.#enrolled?.expulsion.settled();
    for (const conversation of this.conversations()) await conversation.settled();
    this.#ports.store.close();
  }

  #enrol(code: string, wish: EnrolmentWish): Promise<EnrolledDevice> {
    const { store, stubs, clock, beforeStep } = this.#ports;
    const { signal } = this.#closing;
    const parts = { stub: stubs.authentication, store, clock, signal, beforeStep };
    return enrol(parts, code, wish);
  }

  /** What an earlier process began to join it joins now; when that cannot be, somebody has to ask again. */
  async #finishVisits(): Promise<void> {
    const { around, conversations } = this.#require();
    for (const visit of around.store.visits.all()) {
      try {
        await finishVisit(visit, around, conversations);
      } catch (error) {
        if (around.signal.aborted) throw error;
        this.#ports.log({ event: 'visit-given-up', conversation: visit.id, cause: error });
      }
    }
  }

  #maintain(): void {
    const { around, conversations, expulsion } = this.#require();
    const checkAll = (): void => {
      for (const known of conversations.all()) expulsion.check(known);
    };
    const lowWaterMark = Math.ceil(this.#keyPackages / 2);
    this.#maintaining ??= Promise.all([
      around.revocations.follow(this.#ports.revocationIntervalMs, checkAll),
      new Renewal(around, conversations).follow(),
      new StockWatch(around, { lowWaterMark, onLow: () => this.#restock() }).follow(),
    ]);
    checkAll();
  }

  async #resume(conversation: Conversation): Promise<void> {
    if (!conversation.isActive) return;
    try {
      await conversation.resume();
    } catch (error) {
      const code = error instanceof ClientError ? error.code : 'FAILED';
      if (code === 'CLOSED') throw error;
      this.#ports.log({ event: 'commit-given-up', conversation: conversation.id, code, cause: error });
    }
  }

  #begin(device: EnrolledDevice): Enrolled {
    const around = surround(device, this.#ports, {
      signal: this.#closing.signal,
      newEvents: this.#newEvents,
    });
    const conversations = new Conversations(around);
    const expulsion = new Expulsion(around.revocations, around);
    const sync = new Sync(around, { conversations, expulsion, onJoined: () => this.#restockAfterJoin() });
    return { around, conversations, sync, expulsion };
  }

  /** Joins use KeyPackages up: at half of the stock it is filled again. */
  #restockAfterJoin(): void {
    if (this.#ports.store.keyPackages.countSingleUse() * 2 <= this.#keyPackages) this.#restock();
  }

  #restock(): void {
    this.replenish().catch((error: unknown) => {
      this.#ports.log({ event: 'stock-not-filled', cause: toClientError(error) });
    });
  }

  #require(): Enrolled {
    if (this.#closing.signal.aborted) throw new ClientError('CLOSED', 'the client is closed');
    if (this.#enrolled === undefined) throw new ClientError('NOT_ENROLLED', 'the device is not enrolled');
    return this.#enrolled;
  }
}
