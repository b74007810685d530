/**
 * Unary calls as promises, with a deadline always and retries where they do no harm.
 *
 * @module
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Metadata, type CallOptions, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { CallError, readServiceError } from './call-error.ts';
import { startClientSpan, type ClientSpan } from './client-span.ts';

type Start<Response> = (
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** The shape of a unary method of a generated client. */
export type UnaryMethod = (...parameters: never[]) => ClientUnaryCall;

/** What a unary method of a generated client takes. */
export type RequestOf<Method> = Method extends (
  request: infer Request,
  ...rest: Parameters<Start<unknown>>
) => ClientUnaryCall
  ? Request
  : never;

/** What a unary method of a generated client gives. */
export type ResponseOf<Method> = Method extends (
  request: never,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: infer Response) => void,
) => ClientUnaryCall
  ? Response
  : never;

/** How one unary call is made. */
export interface UnaryCallOptions {
  /** How long the whole call may take, retries included; 10 seconds when not said. */
  readonly deadlineMs?: number;
  readonly metadata?: Metadata;
  readonly signal?: AbortSignal;
  /** Whether to wait for the connection until the deadline instead of failing at once. */
  readonly waitForReady?: boolean;
  /** Whether repeating the call does no harm: then UNAVAILABLE is tried again, up to five times, with jitter. */
  readonly idempotent?: boolean;
}

const DEFAULT_DEADLINE_MS = 10_000;
const MAX_ATTEMPTS = 5;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2_000;

/**
 * Calls a unary method of a generated client: `callUnary(client, 'getJwks', {})`.
 *
 * @throws {CallError}
 */
export async function callUnary<Name extends string, Client extends Readonly<Record<Name, UnaryMethod>>>(
  client: Client,
  method: Name,
  request: RequestOf<Client[Name]>,
  options: UnaryCallOptions = {},
): Promise<ResponseOf<Client[Name]>> {
  const start: Start<ResponseOf<Client[Name]>> = (...rest) =>
    Reflect.apply(client[method], client, [request, ...rest]);
  const span = startClientSpan(method);
  try {
    const response = await callAgain(start, options, span);
    span.end('OK');
    return response;
  } catch (error) {
    const failure = readServiceError(error);
    span.end(failure.code);
    throw failure;
  }
}

async function callAgain<Response>(
  start: Start<Response>,
  options: UnaryCallOptions,
  span: ClientSpan,
): Promise<Response> {
  const deadline = Date.now() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await callOnce(start, { ...options, deadlineMs: deadline - Date.now() }, span);
    } catch (error) {
      const failure = readServiceError(error);
      const pause = options.idempotent === true ? backoffOf(failure, attempt) : undefined;
      if (pause === undefined || Date.now() + pause >= deadline) {
        throw failure;
      }
      await pauseFor(pause, options.signal);
    }
  }
}

function callOnce<Response>(
  start: Start<Response>,
  options: UnaryCallOptions,
  span: ClientSpan,
): Promise<Response> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(cancelled(signal));
      return;
    }
    const metadata = options.metadata?.clone() ?? new Metadata();
    metadata.setOptions({ ...metadata.getOptions(), waitForReady: options.waitForReady ?? false });
    span.writeInto(metadata);
    const deadline = Date.now() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS);
    const call = start(metadata, { deadline }, (error, response) => {
      signal?.removeEventListener('abort', cancel);
      if (error === null) {
        resolve(response);
      } else {
        reject(error);
      }
    });
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** Full jitter: anything up to the doubled step, so that many callers do not come back together. */
function backoffOf(failure: CallError, attempt: number): number | undefined {
  if (failure.code !== 'UNAVAILABLE' || attempt >= MAX_ATTEMPTS) {
    return undefined;
  }
  const step = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS);
  return (failure.retryAfterMs ?? 0) + Math.random() * step;
}

async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new CallError('CANCELLED', 'cancelled by the caller', { cause: error });
  }
}

function cancelled(signal: AbortSignal): CallError {
  return new CallError('CANCELLED', 'cancelled by the caller', { cause: signal.reason });
}
