/**
 * The delivery service without its surroundings: what a test starts.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import {
  bearer,
  bindService,
  createTokenVerifier,
  unary,
  bidi,
  type BoundService,
  type Clock,
  type Incident,
  type KeySource,
  type Logger,
} from '@canopy/service';
import { acknowledgeMailbox } from './calls/acknowledge-mailbox.ts';
import { createGroup } from './calls/create-group.ts';
import { getGroupInfo } from './calls/get-group-info.ts';
import { getRatchetTree } from './calls/get-ratchet-tree.ts';
import { readGroup } from './calls/read-group.ts';
import { readMailbox } from './calls/read-mailbox.ts';
import { sendMessage } from './calls/send-message.ts';
import { submitCommit } from './calls/submit-commit.ts';
import { Subscriptions } from './calls/subscribe.ts';
import type { DeliveryConfig } from './config.ts';
import type { Delivery, DeliveryStores } from './delivery.ts';
import { Gatekeeper } from './gatekeeper.ts';
import { Outbox } from './outbox.ts';
import { isAway } from '@canopy/storage';

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
  /** Begins to move Welcomes, those first that were left behind. */
  start(): void;
  /** Ends the open streams. */
  drain(): void;
  /** Waits for Welcomes on their way. */
  stop(): Promise<void>;
}

/** Makes the delivery service. */
export function createDeliveryService(options: DeliveryServiceOptions): DeliveryService {
  const { stores, clock, config, log } = options;
  const { groupLog } = stores;
  const gatekeeper = new Gatekeeper({ groupLog, clock, toleranceMs: config.proofTolerance });
  const outbox = new Outbox({ ...stores, log, intervalMs: config.outboxInterval });
  const service = { stores, config, clock, gatekeeper, outbox };
  const subscriptions = new Subscriptions(service);
  return {
    bound: bind(service, subscriptions, options),
    start: () => outbox.start(),
    drain: () => subscriptions.drain(),
    stop: () => outbox.stop(),
  };
}

function bind(
  service: Delivery,
  subscriptions: Subscriptions,
  { clock, config, keys, log, onIncident }: DeliveryServiceOptions,
): BoundService {
  const verify = createTokenVerifier({ audience: 'canopy-delivery', issuer: config.domain, keys, clock });
  const calls = { authenticate: bearer(verify), log, isUnavailable: isAway, onIncident };
  return bindService(delivery.DeliveryServiceService, {
    createGroup: unary(calls, (request) => createGroup(service, request)),
    submitCommit: unary(calls, (request) => submitCommit(service, request)),
    sendMessage: unary(calls, (request) => sendMessage(service, request)),
    readGroup: unary(calls, (request) => readGroup(service, request)),
    getGroupInfo: unary(calls, (request) => getGroupInfo(service, request)),
    getRatchetTree: unary(calls, (request) => getRatchetTree(service, request)),
    readMailbox: unary(calls, (request, { caller }) => readMailbox(service, request, caller)),
    acknowledgeMailbox: unary(calls, (request, { caller }) => acknowledgeMailbox(service, request, caller)),
    subscribe: bidi(calls, subscriptions.subscribe),
  });
}
