/**
 * Calls of services: what may be repeated is repeated, what failed for good becomes the client's own error.
 *
 * @module
 */
import { setTimeout as wait } from 'node:timers/promises';
import { CallError, readServiceError, type StatusName } from '@canopy/contract';
import { ClientError } from './errors.ts';

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;
/** The longest pause that a service can ask for. */
const MAX_LIMIT_PAUSE_MS = 60_000n;

/** Failures that may be over at the next try. What was done is unknown, so only what carries a request id is repeated. */
const TRANSIENT: ReadonlySet<StatusName> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'CANCELLED',
  'INTERNAL',
  'UNKNOWN',
]);

/** Says whether a failed call may succeed when it is made again as it is. */
export function isTransient(error: unknown): error is CallError {
  if (!(error instanceof CallError)) return false;
  return (
    TRANSIENT.has(error.code) || (error.code === 'RESOURCE_EXHAUSTED' && error.retryAfterMs !== undefined)
  );
}

/** How long to wait after so many failures: full jitter, so that many clients do not come back together. */
export function backoff(failures: number, retryAfterMs = 0): number {
  const step = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10), MAX_BACKOFF_MS);
  return retryAfterMs + Math.random() * step;
}

/** How long to wait where a limit is used up: as the service says, within reason, and up to as much again. */
export function limitPause({ retryAfterMs }: { readonly retryAfterMs: bigint }): number {
  const hint = retryAfterMs < MAX_LIMIT_PAUSE_MS ? retryAfterMs : MAX_LIMIT_PAUSE_MS;
  return Number(hint) * (1 + Math.random()) + 1;
}

/** Waits, but not beyond the end of the client. @throws {ClientError} CLOSED */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(milliseconds, undefined, { signal });
  } catch (error) {
    throw closed(error);
  }
}

/** Makes a call again and again until there is an answer. @throws {ClientError} CLOSED, SERVICE_REFUSED */
export async function untilAnswered<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (signal.aborted) throw closed(error);
      if (!isTransient(error)) throw toClientError(error);
      await pause(backoff(failures, error.retryAfterMs), signal);
    }
  }
}

/** Makes a call once. @throws {ClientError} SERVICE_REFUSED, SERVICE_UNAVAILABLE */
export async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toClientError(error);
  }
}

/** Says whether a service refused bytes as such: then it has never accepted the same bytes before either. */
export function isRefusalOfBytes(error: unknown): error is ClientError {
  if (!(error instanceof ClientError && error.cause instanceof CallError)) return false;
  return error.cause.code === 'INVALID_ARGUMENT' || error.cause.code === 'RESOURCE_EXHAUSTED';
}

/** Says whether a service did not let the caller in. */
export function isDenied(error: unknown): boolean {
  return (
    error instanceof ClientError &&
    error.cause instanceof CallError &&
    error.cause.code === 'PERMISSION_DENIED'
  );
}

/** Makes the error of a client from that of a call; other errors stay what they are. */
export function toClientError(error: unknown): unknown {
  if (!(error instanceof CallError)) return error;
  const { code, message, reason } = readServiceError(error);
  const kind = isTransient(error) ? 'SERVICE_UNAVAILABLE' : 'SERVICE_REFUSED';
  return new ClientError(kind, `${code}: ${message}`, {
    cause: error,
    reason: reason === '' ? code : reason,
  });
}

function closed(cause: unknown): ClientError {
  return new ClientError('CLOSED', 'the client was closed', { cause });
}
