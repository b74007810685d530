/**
 * The delivery service without its surroundings: what a test starts.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import { DeviceIdentities, type AttestationKeys, type TrustedCertificates } from '@canopy/identity';
import {
  bearer,
  bidi,
  bindService,
  createTokenVerifier,
  unary,
  type BoundService,
  type Caller,
  type Clock,
  type Incident,
  type KeySource,
  type Logger,
} from '@canopy/service';
import { isAway } from '@canopy/storage';
import { acknowledgeMailbox } from './calls/acknowledge-mailbox.ts';
import { createGroup } from './calls/create-group.ts';
import { createTicket } from './calls/create-ticket.ts';
import { getGroupInfo } from './calls/get-group-info.ts';
import { getRatchetTree } from './calls/get-ratchet-tree.ts';
import { getReceiptKeys } from './calls/get-receipt-keys.ts';
import { readGroup } from './calls/read-group.ts';
import { readMailbox } from './calls/read-mailbox.ts';
import { reportReceipt } from './calls/report-receipt.ts';
import { restoreEntries } from './calls/restore-entries.ts';
import { sendMessage } from './calls/send-message.ts';
import { submitCommit } from './calls/submit-commit.ts';
import { Subscriptions } from './calls/subscribe.ts';
import type { DeliveryConfig } from './config.ts';
import type { Delivery, DeliveryStores } from './delivery.ts';
import { Gatekeeper } from './gatekeeper.ts';
import { Outbox } from './outbox.ts';
import { PublicGroups } from './public-groups.ts';
import { ReceiptBook } from './receipt-book.ts';
import { RequestLimits, requireAllowed } from './request-limits.ts';
import { Retention } from './retention.ts';
import { Revocations, unlessRevoked } from './revocations.ts';
import { shareEncodings } from './stream/shared-encoding.ts';
import { LogFeed } from './stream/log-feed.ts';

/** What the service is made of. */
export interface DeliveryServiceOptions {
  readonly stores: DeliveryStores;
  readonly clock: Clock;
  readonly config: DeliveryConfig;
  /** The keys of the authentication service. */
  readonly keys: KeySource;
  readonly log: Logger;
  readonly onIncident?: (incident: Incident) => void;
}

/** The service and its life: start it before it is served, drain it and stop it in this order. */
export interface DeliveryService {
  readonly bound: BoundService;
  /** To be fed with the lists of the authentication service. */
  readonly revocations: Revocations;
  /** Sees to the key of receipts, and begins to move Welcomes and to remove what is no longer kept. */
  start(): void;
  /** Believes X.509 credentials of joiners by these certificates, and no others, from now on. @throws {IdentityError} for one that is no CA */
  trust(certificates: TrustedCertificates): void;
  /** Ends the open streams. */
  drain(): void;
  /** Waits for Welcomes on their way. */
  stop(): Promise<void>;
}

/** How often the store is given the key of receipts again, which it may have lost. */
const KEY_INTERVAL_MS = 60_000;

/** Makes the delivery service. */
export function createDeliveryService(options: DeliveryServiceOptions): DeliveryService {
  const { stores, clock, config, keys, log } = options;
  const attestationKeys = { keyFor: (kid: string) => keys.findKey(kid) };
  const service = createParts(options, attestationKeys);
  const { revocations } = service;
  const subscriptions = new Subscriptions(service);
  const { retentionAge: maxAgeMs, retentionEntries: maxEntries, retentionInterval: intervalMs } = config;
  const retention = new Retention({ ...stores, clock, log, maxAgeMs, maxEntries, intervalMs });
  // A store that is away now is asked again later, and with the first commit.
  const prepareKey = (): void => {
    service.receipts.prepare().catch((error: unknown) => {
      log.warn({ event: 'receipt-key-missing', err: error });
    });
  };
  let keyTimer: NodeJS.Timeout | undefined;
  return {
    bound: bind(service, { ...options, subscriptions }),
    revocations,
    start() {
      service.outbox.start();
      retention.start();
      keyTimer = setInterval(prepareKey, KEY_INTERVAL_MS).unref();
      prepareKey();
    },
    trust: (certificates) => service.identities.trust(certificates),
    drain: () => subscriptions.drain(),
    async stop() {
      clearInterval(keyTimer);
      await Promise.all([service.outbox.stop(), retention.stop()]);
    },
  };
}

function createParts(
  { stores, clock, config, log }: DeliveryServiceOptions,
  attestationKeys: AttestationKeys,
): Delivery {
  const { groupLog, rateLimits } = stores;
  const { domain, pageEntries, pageBytes } = config;
  const receipts = new ReceiptBook({ ...stores, domain, clock, log });
  return {
    stores,
    config,
    clock,
    gatekeeper: new Gatekeeper({ groupLog, clock, toleranceMs: config.proofTolerance }),
    receipts,
    limits: new RequestLimits({
      rateLimits,
      clock,
      perDevice: config.requestsPerDevice,
      perGroup: config.requestsPerGroup,
    }),
    publicGroups: new PublicGroups({ groupLog, clock, maxBytes: config.publicStateBytes, pageBytes }),
    revocations: new Revocations({
      domain,
      keys: attestationKeys,
      now: () => BigInt(Math.floor(clock.now() / 1000)),
    }),
    identities: new DeviceIdentities({ domain, keys: attestationKeys, clock }),
    outbox: new Outbox({
      ...stores,
      clock,
      log,
      mailboxEntries: config.mailboxEntries,
      intervalMs: config.outboxInterval,
    }),
    feed: new LogFeed({ groupLog, receipts, pageEntries, pageBytes, maxBytes: config.pageCacheBytes, clock }),
  };
}

interface Binding extends DeliveryServiceOptions {
  readonly subscriptions: Subscriptions;
}

type Call<Request, Response> = (service: Delivery, request: Request, caller: Caller) => Promise<Response>;

function bind(service: Delivery, binding: Binding): BoundService {
  const { clock, config, keys, log, onIncident, subscriptions } = binding;
  const verify = createTokenVerifier({ audience: 'canopy-delivery', issuer: config.domain, keys, clock });
  const authenticate = unlessRevoked(service.revocations, bearer(verify));
  const calls = { authenticate, log, isUnavailable: isAway, onIncident };
  const answer = <Request, Response>(call: Call<Request, Response>) =>
    unary<Request, Response, Caller>(calls, async (request, { caller }) => {
      await requireAllowed(service.limits.ofDevice(caller.device));
      return call(service, request, caller);
    });
  return bindService(shareEncodings(delivery.DeliveryServiceService), {
    createGroup: answer(createGroup),
    submitCommit: answer(submitCommit),
    sendMessage: answer(sendMessage),
    readGroup: answer(readGroup),
    getGroupInfo: answer(getGroupInfo),
    getRatchetTree: answer(getRatchetTree),
    createTicket: answer(createTicket),
    reportReceipt: answer(reportReceipt),
    restoreEntries: answer(restoreEntries),
    getReceiptKeys: answer(getReceiptKeys),
    readMailbox: answer(readMailbox),
    acknowledgeMailbox: answer(acknowledgeMailbox),
    subscribe: bidi(calls, subscriptions.subscribe),
  });
}
