/**
 * Bidirectional calls as functions from an async iterable to an async iterable, with back-pressure both ways.
 *
 * @module
 */
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { MalformedRequest } from './bind-service.ts';
import {
  deadlineOf,
  failureOf,
  openCall,
  type CallContext,
  type CallOptions,
  type OpenCall,
} from './call-context.ts';

/**
 * Answers a stream of requests with a stream of responses. It is asked for the next response only when the caller can
 * take it, and must stop waiting for anything else when `context.signal` fires.
 */
export type BidiHandler<Request, Response, Who> = (
  requests: AsyncIterable<Request>,
  context: CallContext<Who>,
) => AsyncIterable<Response>;

/** Makes the grpc-js handler of a bidirectional call: authenticates, pauses for slow readers, turns errors into statuses. */
export function bidi<Request, Response, Who>(
  options: CallOptions<Who>,
  handler: BidiHandler<Request, Response, Who>,
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    const open = openCall(call, options, deadlineOf(call));
    void converse(call, open, async () => {
      const caller = await options.authenticate(call.metadata);
      return handler(requestsOf(call, open), { ...open.context, caller });
    })
      .catch((error: unknown) => {
        const failure = failureOf(error, open, options);
        if (!open.context.signal.aborted) {
          // This is how grpc-js is told to end a stream with a status after what was written before.
          call.emit('error', failure);
        }
      })
      .finally(() => open.close());
  };
}

async function converse<Request, Response>(
  call: ServerDuplexStream<Request, Response>,
  open: OpenCall,
  start: () => Promise<AsyncIterable<Response>>,
): Promise<void> {
  const { signal } = open.context;
  for await (const response of await start()) {
    signal.throwIfAborted();
    if (!call.write(response)) {
      await once(call, 'drain', { signal });
    }
  }
  signal.throwIfAborted();
  call.end();
}

async function* requestsOf<Request>(
  call: ServerDuplexStream<Request, never>,
  open: OpenCall,
): AsyncGenerator<Request> {
  const { signal } = open.context;
  try {
    // A handler that stops reading may still write.
    const requests: AsyncIterable<Request | MalformedRequest> = call.iterator({ destroyOnReturn: false });
    for await (const request of requests) {
      if (request instanceof MalformedRequest) {
        throw request.fault;
      }
      yield request;
    }
    // A reset by the caller shows as an end first and as a cancellation a moment later: only one of them is a half-close.
    await setImmediate();
    signal.throwIfAborted();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
