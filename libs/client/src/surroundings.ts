/**
 * What everything in an enrolled client works with.
 *
 * @module
 */
import type { CipherSuite } from '@canopy/crypto';
import type { ClientIdentity, GroupOptions } from '@canopy/mls';
import type { AccessTokens } from './access-tokens.ts';
import type { Bell } from './bell.ts';
import type { Stubs } from './connections.ts';
import type { Line } from './line.ts';
import type { BeforeStep, Log, Random, Wait } from './ports.ts';
import type { ReceiptKeys } from './receipt-keys.ts';
import type { Revocations } from './revocations.ts';
import type { Store } from './store/store.ts';

/** What everything in an enrolled client works with. */
export interface Surroundings {
  readonly store: Store;
  readonly stubs: Stubs;
  readonly tokens: AccessTokens;
  readonly receiptKeys: ReceiptKeys;
  readonly revocations: Revocations;
  /** The stream as a way to send. */
  readonly line: Line;
  /** How often the stream is asked for a sign of life, in milliseconds; as long as the answer may take. */
  readonly pingIntervalMs: number;
  /** The device's URI. */
  readonly device: string;
  readonly suite: CipherSuite;
  /** What the device's leaves say from now on; changes when its credential is renewed. */
  readonly identity: ClientIdentity;
  /** What groups are given from outside. */
  readonly options: GroupOptions;
  /** The same for joining: who is revoked may still be in a group then, and is taken out afterwards. */
  readonly joinOptions: GroupOptions;
  /** Rings when there are new events. */
  readonly newEvents: Bell;
  /** Aborted when the client is closed. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly beforeStep: BeforeStep;
  /** Whether KeyPackages mix in unknown values (RFC 9420 §13.5). */
  readonly greaseKeyPackages: boolean;
  /** After how many seconds with the same keys in a group this device gives itself new ones. */
  readonly keyUpdateAfter: bigint;
  readonly wait: Wait;
  readonly random: Random;
  /** Tells the time in milliseconds since 1970. */
  readonly nowMs: () => number;
}
