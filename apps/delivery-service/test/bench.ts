/**
 * A delivery service in process on loopback, and devices that call it.
 *
 * @module
 */
import {
  callUnary,
  CallError,
  connect,
  delivery,
  openStream,
  type RequestOf,
  type ResponseOf,
  type Stream,
} from '@canopy/contract';
import {
  createLogger,
  fixedKeySource,
  manualClock,
  serve,
  type Incident,
  type ManualClock,
} from '@canopy/service';
import { openSqlite, type DeliveryLimits, type OutboxEntry, type Store } from '@canopy/storage';
import { Metadata } from '@grpc/grpc-js';
import { readDeliveryConfig } from '../src/config.ts';
import type { DeliveryStores } from '../src/delivery.ts';
import { createDeliveryService, type DeliveryService } from '../src/service.ts';
import { createAuthority, deviceOf, DOMAIN, type Authority, type TokenClaims } from './authority.ts';

export const NOW = 1_800_000_000_000;
/** What tests put into mailboxes has room there. */
export const ROOMY: DeliveryLimits = { nowMs: NOW, maxEntries: 1000 };

export type Client = delivery.DeliveryServiceClient;
export type Method =
  | 'createGroup'
  | 'submitCommit'
  | 'sendMessage'
  | 'readGroup'
  | 'getGroupInfo'
  | 'getRatchetTree'
  | 'createTicket'
  | 'reportReceipt'
  | 'restoreEntries'
  | 'getReceiptKeys'
  | 'readMailbox'
  | 'acknowledgeMailbox';
export type SubscribeStream = Stream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

/** A device with its token. */
export interface Device {
  readonly name: string;
  readonly metadata: Metadata;
  call<M extends Method>(method: M, request: RequestOf<Client[M]>): Promise<ResponseOf<Client[M]>>;
  stream(): SubscribeStream;
}

export interface Bench {
  readonly authority: Authority;
  readonly store: Store;
  readonly clock: ManualClock;
  readonly client: Client;
  readonly incidents: readonly Incident[];
  readonly service: DeliveryService;
  device(user?: string, claims?: TokenClaims): Promise<Device>;
  /** Ends the service as SIGTERM does. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface BenchOptions {
  /** The file of the store; none of its own by default. */
  readonly path?: string;
  /** In the place of a file. */
  readonly store?: Store;
  readonly environment?: NodeJS.ProcessEnv;
  readonly authority?: Authority;
  /** Whether Welcomes are brought to mailboxes. */
  readonly moving?: boolean;
}

/** Starts a service with its own store. */
export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const authority = options.authority ?? (await createAuthority());
  const clock = manualClock(NOW);
  const store = options.store ?? openSqlite(options.path ?? ':memory:');
  const incidents: Incident[] = [];
  const log = createLogger({ service: 'delivery-service', level: 'silent' });
  const config = readDeliveryConfig({
    CANOPY_DOMAIN: DOMAIN,
    CANOPY_AUTHENTICATION_SERVICE: '127.0.0.1:1',
    CANOPY_DATA: '/nowhere',
    ...options.environment,
  });
  const keys = await fixedKeySource(authority.jwksJson);
  const onIncident = (incident: Incident): void => void incidents.push(incident);
  const stores = options.moving === false ? withoutOutbox(store) : store;
  const service = createDeliveryService({ stores, clock, config, keys, log, onIncident });
  service.start();
  const running = await serve({
    name: 'delivery-service',
    config,
    services: [service.bound],
    log,
    isHealthy: () => store.isHealthy(),
    onDrain: () => service.drain(),
    onClosed: () => service.stop().then(() => store.close()),
  });
  const client = connect(delivery.DeliveryServiceClient, { address: `127.0.0.1:${running.port}` });
  return {
    authority,
    store,
    clock,
    client,
    incidents,
    service,
    device: async (user = 'alice', claims = {}) => {
      const name = deviceOf(user);
      return createDevice(client, name, await authority.token(name, clock.now(), claims));
    },
    drain: () => running.drain(),
    close: async () => {
      client.close();
      await running.drain();
    },
  };
}

/** A device that shows a token. */
export function createDevice(client: Client, name: string, token: string): Device {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return {
    name,
    metadata,
    call: (method, request) => callUnary(client, method, request, { metadata }),
    stream: () => openStream(client, 'subscribe', { metadata }),
  };
}

async function* pendingOutbox(): AsyncIterable<readonly never[]> {}

/** A store whose outbox looks empty: as if the service was killed before it looked. */
function withoutOutbox(store: Store): DeliveryStores {
  const { mailbox, receiptKeys, rateLimits } = store;
  const handler: ProxyHandler<typeof store.groupLog> = {
    get(target, name) {
      if (name === 'pendingOutbox') return pendingOutbox;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function'
        ? (...parameters: unknown[]): unknown => Reflect.apply(member, target, parameters)
        : member;
    },
  };
  return { groupLog: new Proxy(store.groupLog, handler), mailbox, receiptKeys, rateLimits };
}

/** Reads all Welcomes that are on their way to mailboxes. */
export async function allPending(log: DeliveryStores['groupLog']): Promise<readonly OutboxEntry[]> {
  const entries: OutboxEntry[] = [];
  for await (const page of log.pendingOutbox(100)) entries.push(...page);
  return entries;
}

/** Waits for a call to fail, and gives the failure. */
export async function failureOf(work: Promise<unknown>): Promise<CallError> {
  const error: unknown = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof CallError)) throw new Error('the call should have failed', { cause: error });
  return error;
}
