/**
 * How a client is opened, and what it is given then.
 *
 * @module
 */
import { defaultPolicy, type Policy } from '@canopy/mls';
import { openStubs, type ServiceAddresses, type ServiceTls, type Stubs } from './connections.ts';
import { systemClock, type BeforeStep, type Clock, type Log, type Random, type Wait } from './ports.ts';
import { pause } from './service-calls.ts';
import { openStore, type Store } from './store/store.ts';

/** How a client is opened. */
export interface ClientOptions {
  /** The SQLite file with everything that the device must not lose; made, for its owner only, when it is missing. */
  readonly stateFile: string;
  readonly services: ServiceAddresses;
  /** Without it tokens and metadata travel in the clear: for loopback, or where something else does TLS. */
  readonly tls?: ServiceTls;
  /** Changes to the default policy. */
  readonly policy?: Partial<Policy>;
  readonly clock?: Clock;
  readonly log?: Log;
  /** How many single-use KeyPackages are kept in the directory; 50 by default. */
  readonly keyPackages?: number;
  /** Whether KeyPackages mix in unknown values (RFC 9420 §13.5), which some libraries cannot take; true by default. */
  readonly greaseKeyPackages?: boolean;
  /** After how many seconds with the same keys in a group this device gives itself new ones; a week by default. */
  readonly keyUpdateAfter?: bigint;
  /** Is told of every step that a process could die before. */
  readonly beforeStep?: BeforeStep;
  /** How the client waits before it does what many clients may be about to do; by the machine's timers when absent. */
  readonly wait?: Wait;
  /** How often the stream is asked for a sign of life, in milliseconds, and how long the answer may take; 20 seconds by default. */
  readonly pingIntervalMs?: number;
  /** How often a newer revocation list is looked for, in milliseconds; 30 seconds by default. */
  readonly revocationIntervalMs?: number;
  /** Spreads clients in time; `Math.random` when absent. */
  readonly random?: Random;
}

/** What a client works with. */
export interface Ports {
  readonly store: Store;
  readonly stubs: Stubs;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly log: Log;
  readonly beforeStep: BeforeStep;
  readonly wait: Wait;
  readonly random: Random;
  readonly pingIntervalMs: number;
  readonly revocationIntervalMs: number;
  readonly greaseKeyPackages: boolean;
  readonly keyUpdateAfter: bigint;
}

/** Whoever comes back keeps its place; guests show a ticket of a member. */
const CLIENT_POLICY: Policy = { ...defaultPolicy, pskInExternalCommits: 'requiredUnlessResync' };

const WEEK = 7n * 24n * 3_600n;
const DEFAULT_PING_INTERVAL_MS = 20_000;
const DEFAULT_REVOCATION_INTERVAL_MS = 30_000;

/** Opens the state file and the channels to the services. @throws {ClientError} STATE_IN_USE, INVALID_STATE */
export function openPorts(options: ClientOptions): Ports {
  return {
    store: openStore(options.stateFile),
    stubs: openStubs(options.services, options.tls),
    policy: { ...CLIENT_POLICY, ...options.policy },
    clock: options.clock ?? systemClock,
    log: options.log ?? ((): void => {}),
    beforeStep: options.beforeStep ?? ((): void => {}),
    keyUpdateAfter: options.keyUpdateAfter ?? WEEK,
    greaseKeyPackages: options.greaseKeyPackages ?? true,
    wait: options.wait ?? pause,
    random: options.random ?? Math.random,
    pingIntervalMs: options.pingIntervalMs ?? DEFAULT_PING_INTERVAL_MS,
    revocationIntervalMs: options.revocationIntervalMs ?? DEFAULT_REVOCATION_INTERVAL_MS,
  };
}
