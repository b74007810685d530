/**
 * Bidirectional calls as functions from an async iterable to an async iterable, with back-pressure both ways.
 *
 * @module
 */
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { status, type handleBidiStreamingCall, type ServerDuplexStream } from '@grpc/grpc-js';
import { MalformedRequest } from './bind-service.ts';
import { deadlineOf, failureOf, type CallContext, type CallOptions, OpenCall } from './call-context.ts';
import { ResponseFlow } from './response-flow.ts';

/**
 * Answers a stream of requests with a stream of responses. It is asked for the next response only when the caller can
 * take it, and must stop waiting for anything else when `context.signal` fires.
 */
export type BidiHandler<Request, Response, Who> = (
  requests: AsyncIterable<Request>,
  context: CallContext<Who>,
) => AsyncIterable<Response>;

const TURNS_OF_A_RESET = 3;

/** Makes the grpc-js handler of a bidirectional call: authenticates, pauses for slow readers, turns errors into statuses. */
export function bidi<Request, Response, Who>(
  options: CallOptions<Who>,
  handler: BidiHandler<Request, Response, Who>,
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    const open = new OpenCall(call, { type: 'bidi_stream', options, deadline: deadlineOf(call) });
    const start = async (): Promise<AsyncIterable<Response>> => {
      const caller = await options.authenticate(call.metadata);
      return handler(requestsOf(call, open), open.contextOf(caller));
    };
    void open
      .run(() => converse(call, open, start))
      .then(
        () => open.close(status.OK),
        (error: unknown) => {
          const failure = failureOf(error, open, options);
          if (!open.signal.aborted) {
            // This is how grpc-js is told to end a stream with a status, which goes out after all that was written before,
            // whenever the reader takes it. What waits until then is bounded by the pauses of `converse`; the time, by the
            // caller's deadline, its cancellation and the life of the connection.
            call.emit('error', failure);
          }
          open.close(failure.code);
        },
      );
  };
}

async function converse<Request, Response>(
  call: ServerDuplexStream<Request, Response>,
  open: OpenCall,
  start: () => Promise<AsyncIterable<Response>>,
): Promise<void> {
  const { signal } = open;
  const flow = new ResponseFlow(call, signal);
  for await (const response of await start()) {
    signal.throwIfAborted();
    open.meter.sent(response);
    call.write(response);
    if (flow.isFull) {
      const begin = performance.now();
      await flow.room();
      open.meter.paused((performance.now() - begin) / 1_000);
    }
  }
  signal.throwIfAborted();
  call.end();
}

/**
 * Reads the requests by hand: the iterator of a Node stream would destroy the stream on the `error` event that ends the
 * call, and with it what is not sent yet and the status behind it.
 */
async function* requestsOf<Request>(
  call: ServerDuplexStream<Request, never>,
  open: OpenCall,
): AsyncGenerator<Request> {
  const news = newsOf(call);
  try {
    while (!call.readableEnded && !call.destroyed) {
      const request: Request | MalformedRequest | null = call.read();
      if (request instanceof MalformedRequest) {
        throw request.fault;
      }
      if (request === null) {
        await news.come();
      } else {
        open.meter.received();
        yield request;
      }
    }
  } finally {
    news.stop();
  }
  // A reset by the caller shows as an end first and as a cancellation later: only one of them is a half-close. The end may
  // be heard of before the stream below is taken down, which takes a turn, and the turn after that tells of it.
  for (let turn = 0; turn < TURNS_OF_A_RESET && !open.signal.aborted; turn += 1) {
    await setImmediate();
  }
  open.signal.throwIfAborted();
}

interface News {
  /** Waits until there is something new about the stream. */
  come(): Promise<void>;
  stop(): void;
}

const NEWS = ['readable', 'end', 'close'] as const;

/** Tells when it is worth to read from a stream again. */
function newsOf(call: Pick<Readable, 'on' | 'off'>): News {
  let tell: (() => void) | undefined;
  const hear = (): void => tell?.();
  for (const event of NEWS) {
    call.on(event, hear);
  }
  return {
    come: () =>
      new Promise((resolve) => {
        tell = resolve;
      }),
    stop() {
      for (const event of NEWS) {
        call.off(event, hear);
      }
    },
  };
}
