/**
 * Bidirectional streams as an async iterable and a `send` that waits for the peer.
 *
 * @module
 */
import { once } from 'node:events';
import { Metadata, type CallOptions, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { CallError, readServiceError } from './call-error.ts';
import { startClientSpan, type ClientSpan } from './client-span.ts';
import { writeTogether } from './write-together.ts';

/** The shape of a bidirectional method of a generated client. */
export type BidiMethod = (
  metadata: Metadata,
  options: Partial<CallOptions>,
) => ClientDuplexStream<never, unknown>;

/** What may be sent on the stream of a bidirectional method. */
export type StreamRequestOf<Method> = Method extends (
  metadata: Metadata,
  options: Partial<CallOptions>,
) => ClientDuplexStream<infer Request, infer _>
  ? Request
  : never;

/** What comes on the stream of a bidirectional method. */
export type StreamResponseOf<Method> = Method extends (
  metadata: Metadata,
  options: Partial<CallOptions>,
) => ClientDuplexStream<infer _, infer Response>
  ? Response
  : never;

/** One open bidirectional stream. */
export interface Stream<Request, Response> {
  /**
   * What the peer sends, to be iterated once; throws a CallError when the stream ends with an error. A reader that is
   * more than 16 messages behind then misses some: grpc-js drops what it has not buffered when an error arrives.
   */
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
export function openStream<Name extends string, Client extends Readonly<Record<Name, BidiMethod>>>(
  client: Client,
  method: Name,
  options: StreamOptions = {},
): Stream<StreamRequestOf<Client[Name]>, StreamResponseOf<Client[Name]>> {
  const deadline = options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
  const metadata = options.metadata?.clone() ?? new Metadata();
  const span = startClientSpan(method);
  span.writeInto(metadata);
  const call: ClientDuplexStream<
    StreamRequestOf<Client[Name]>,
    StreamResponseOf<Client[Name]>
  > = Reflect.apply(client[method], client, [metadata, deadline]);
  writeTogether(call);
  const end = watchEnd(call, span);
  cancelWith(call, options.signal);
  // Until its first read grpc-js takes everything that comes; from then on it takes as much as its buffer holds.
  call.read(0);
  return {
    responses: responsesOf(call, end),
    async send(request) {
      if (end.failure !== undefined || end.reached || call.writableEnded) {
        throw end.failure ?? new CallError('CANCELLED', 'the stream is closed');
      }
      if (!call.write(request)) {
        await writable(call);
      }
    },
    finish: () => void call.end(),
    cancel: () => call.cancel(),
  };
}

interface StreamEnd {
  reached: boolean;
  failure: CallError | undefined;
}

/** Remembers the end of a stream, which grpc-js tells once, whether or not somebody reads just then. */
function watchEnd(call: ClientDuplexStream<never, unknown>, span: ClientSpan): StreamEnd {
  const end: StreamEnd = { reached: false, failure: undefined };
  call.once('status', (status: StatusObject) => {
    end.reached = true;
    span.end(readServiceError(status).code);
  });
  call.on('error', (error) => {
    end.failure ??= readServiceError(error);
  });
  return end;
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

async function* responsesOf<Response>(
  call: ClientDuplexStream<never, Response>,
  end: StreamEnd,
): AsyncGenerator<Response> {
  try {
    for await (const response of call.iterator({ destroyOnReturn: false })) {
      yield response;
    }
    if (end.failure !== undefined) {
      throw end.failure;
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
