/**
 * Unary calls as functions from a request to a promise.
 *
 * @module
 */
import { status, type handleUnaryCall, type ServerUnaryCall } from '@grpc/grpc-js';
import { MalformedRequest } from './bind-service.ts';
import {
  DeadlineError,
  deadlineOf,
  failureOf,
  type CallContext,
  type CallOptions,
  OpenCall,
} from './call-context.ts';

/** Answers one request. */
export type UnaryHandler<Request, Response, Who> = (
  request: Request,
  context: CallContext<Who>,
) => Promise<Response>;

const DEFAULT_DEADLINE_MS = 30_000;

/** Makes the grpc-js handler of a unary call: authenticates, bounds the time, turns errors into statuses. */
export function unary<Request, Response, Who>(
  options: CallOptions<Who>,
  handler: UnaryHandler<Request, Response, Who>,
): handleUnaryCall<Request, Response> {
  return (call, respond) => {
    const deadline = Math.min(
      deadlineOf(call),
      Date.now() + (options.defaultDeadlineMs ?? DEFAULT_DEADLINE_MS),
    );
    const open = new OpenCall(call, { type: 'unary', options, deadline });
    open.meter.received();
    void open
      .run(() => answer(call, open, { options, handler }))
      .then(
        (response) => {
          open.meter.sent(response);
          open.close(status.OK);
          respond(null, response);
        },
        (error: unknown) => {
          const failure = failureOf(error, open, options);
          open.close(failure.code);
          respond(failure);
        },
      );
  };
}

interface Answering<Request, Response, Who> {
  readonly options: CallOptions<Who>;
  readonly handler: UnaryHandler<Request, Response, Who>;
}

async function answer<Request, Response, Who>(
  call: ServerUnaryCall<Request, Response>,
  open: OpenCall,
  { options, handler }: Answering<Request, Response, Who>,
): Promise<Response> {
  const { request } = call;
  const work = async (): Promise<Response> => {
    const caller = await options.authenticate(call.metadata);
    if (request instanceof MalformedRequest) {
      throw request.fault;
    }
    return handler(request, open.contextOf(caller));
  };
  return within(open, work);
}

/** A handler that does not look at its signal must not keep the caller waiting. */
async function within<T>(open: OpenCall, work: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new DeadlineError('deadline exceeded');
    open.abort(error);
    late.reject(error);
  }, open.deadline - Date.now());
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
