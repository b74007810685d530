/**
 * Sends a call what it must refuse, many times, and says how it took it.
 *
 * @module
 */
import type { Client, Metadata } from '@grpc/grpc-js';
import type { Rpc } from './descriptors.ts';
import { callRaw, type Ending } from './raw-calls.ts';

/** How a call took what it was sent. */
export interface Tally {
  readonly path: string;
  readonly requests: number;
  /** How often it ended in each way: the code, and the reason where there is one. */
  readonly endings: ReadonlyMap<string, number>;
  readonly slowestMs: number;
  /** Endings that must not be, with the request that shows it. */
  readonly faults: readonly Fault[];
}

/** A request that was taken in a way that must not be. */
export interface Fault {
  readonly ending: Ending;
  readonly request: string;
}

/** What a service may answer to a request that is not good, besides a value. */
const TYPED: ReadonlySet<string> = new Set([
  'OK',
  'INVALID_ARGUMENT',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'ABORTED',
]);
const IN_FLIGHT = 32;
const KEPT_FAULTS = 3;
/** grpc-js itself refuses what is larger, without a reason. */
const LARGEST = 4 * 1024 * 1024;

/** What is sent, and by whom. */
export interface RpcAttack {
  readonly client: Client;
  readonly rpc: Rpc;
  readonly metadata: Metadata;
  readonly count: number;
  readonly next: () => Buffer;
}

/** Sends the requests, several at a time. */
export async function attackRpc({ client, rpc, metadata, count, next }: RpcAttack): Promise<Tally> {
  const endings = new Map<string, number>();
  const faults: Fault[] = [];
  let slowestMs = 0;
  let left = count;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const request = next();
      const ending = await callRaw(client, rpc, metadata, request);
      const name = `${ending.code} ${ending.reason}`.trim();
      endings.set(name, (endings.get(name) ?? 0) + 1);
      slowestMs = Math.max(slowestMs, ending.milliseconds);
      if (!isTyped(ending, request)) faults.push({ ending, request: request.toString('base64') });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return { path: rpc.path, requests: count, endings, slowestMs, faults: shortest(faults) };
}

function isTyped({ code, reason }: Ending, request: Buffer): boolean {
  if (!TYPED.has(code)) return false;
  return code === 'OK' || reason !== '' || request.length > LARGEST;
}

function shortest(faults: readonly Fault[]): readonly Fault[] {
  return faults.toSorted((left, right) => left.request.length - right.request.length).slice(0, KEPT_FAULTS);
}
