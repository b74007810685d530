/**
 * What a load generator is told to do. Jobs go from our own process to our own process, with bytes and bigints as they are.
 *
 * @module
 */
import type { KeyPair } from '@canopy/crypto';

/** A group without members: whoever knows its id speaks for it. */
export interface BenchGroup {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  /** How many entries its log has. */
  readonly entries: bigint;
}

/** An enrolled device with its tokens. */
export interface BenchDevice {
  readonly device: string;
  readonly user: string;
  readonly keys: KeyPair;
  readonly attestation: string;
  readonly directoryToken: string;
  readonly deliveryToken: string;
}

/** How much is done, and how. */
interface Amount {
  /** Where the service listens. */
  readonly address: string;
  /** Done before anything is measured. */
  readonly warmUp: number;
  /** Done while it is measured. */
  readonly count: number;
  /** How many are under way at a time; on streams, on each of them. */
  readonly inFlight: number;
}

/** One kind of work. */
export type Job =
  /** Access tokens: a challenge, and its exchange. */
  | (Amount & { readonly kind: 'tokens'; readonly domain: string; readonly devices: readonly BenchDevice[] })
  /** KeyPackages, in batches, by devices in turn. */
  | (Amount & { readonly kind: 'publish'; readonly batch: number; readonly devices: readonly BenchDevice[] })
  /** One KeyPackage each, of devices in turn. */
  | (Amount & { readonly kind: 'claim'; readonly token: string; readonly devices: readonly string[] })
  /** Commits, one after another in each group; `inFlight` groups at a time. */
  | (Amount & { readonly kind: 'commit'; readonly token: string; readonly groups: readonly BenchGroup[] })
  /** Messages by unary calls, to groups in turn. */
  | (Amount & { readonly kind: 'call'; readonly token: string; readonly groups: readonly BenchGroup[] })
  /** Messages on streams, to groups in turn. */
  | (Amount & {
      readonly kind: 'stream';
      readonly token: string;
      readonly streams: number;
      /** Messages in one frame. */
      readonly together: number;
      readonly groups: readonly BenchGroup[];
    })
  /** Messages to one group that many streams follow; every delivery counts. */
  | (Amount & {
      readonly kind: 'fan-out';
      readonly token: string;
      readonly streams: number;
      readonly group: BenchGroup;
    });

/** Tells whether a message from the parent process is a job; the parent is this very program. */
export function isJob(message: unknown): message is Job {
  return typeof message === 'object' && message !== null && 'kind' in message && 'address' in message;
}
