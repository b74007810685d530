/**
 * Bidirectional streams as an async iterable and a `send` that waits for the peer.
 *
 * @module
 */
import { once } from 'node:events';
import { Metadata, type CallOptions, type ClientDuplexStream } from '@grpc/grpc-js';
import { CallError, readServiceError } from './call-error.ts';

/** A bidirectional method of a generated client. */
export type BidiMethod<Request, Response> = (
  metadata: Metadata,
  options: Partial<CallOptions>,
) => ClientDuplexStream<Request, Response>;

/** One open bidirectional stream. */
export interface Stream<Request, Response> {
  /** What the peer sends, to be iterated once; throws a CallError when the stream ends with an error. */
  readonly responses: AsyncIterable<Response>;
  /** Sends one message; resolves when the next one may be sent, so that a slow peer slows the sender. */
  send(request: Request): Promise<void>;
  /** Says that nothing more will be sent; the peer may go on. */
  finish(): void;
  /** Gives the stream up at once. */
  cancel(): void;
}

/** How a stream is opened. */
export interface StreamOptions {
  readonly metadata?: Metadata;
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

/** Opens a bidirectional stream of a generated client: `openStream(client, 'subscribe')`. */
export function openStream<Method extends string, Request, Response>(
  client: Readonly<Record<Method, BidiMethod<Request, Response>>>,
  method: Method,
  options: StreamOptions = {},
): Stream<Request, Response> {
  const deadline = options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
  const call = client[method](options.metadata?.clone() ?? new Metadata(), deadline);
  let failure: CallError | undefined;
  // Without a listener an error that comes while nobody reads would end the process.
  call.on('error', (error) => {
    failure ??= readServiceError(error);
  });
  cancelWith(call, options.signal);
  return {
    responses: responsesOf(call),
    async send(request) {
      if (failure !== undefined || call.writableEnded || call.destroyed) {
        throw failure ?? new CallError('CANCELLED', 'the stream is closed');
      }
      if (!call.write(request)) {
        await writable(call);
      }
    },
    finish: () => void call.end(),
    cancel: () => call.cancel(),
  };
}

function cancelWith(call: ClientDuplexStream<never, unknown>, signal: AbortSignal | undefined): void {
  if (signal === undefined) {
    return;
  }
  const cancel = (): void => call.cancel();
  if (signal.aborted) {
    cancel();
  } else {
    signal.addEventListener('abort', cancel, { once: true });
    call.once('status', () => signal.removeEventListener('abort', cancel));
  }
}

async function* responsesOf<Response>(call: ClientDuplexStream<never, Response>): AsyncGenerator<Response> {
  try {
    for await (const response of call.iterator({ destroyOnReturn: false })) {
      yield response;
    }
  } catch (error) {
    throw readServiceError(error);
  } finally {
    // Whoever stops reading early no longer wants the stream; after its end this does nothing.
    call.cancel();
  }
}

async function writable(call: ClientDuplexStream<never, unknown>): Promise<void> {
  const settled = new AbortController();
  try {
    await Promise.race([
      once(call, 'drain', { signal: settled.signal }),
      once(call, 'status', { signal: settled.signal }),
    ]);
  } catch (error) {
    throw readServiceError(error);
  } finally {
    settled.abort();
  }
}
