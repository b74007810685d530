/**
 * What a handler knows about its call, and how a call ends that does not end well.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { FieldError } from '@canopy/contract';
import { status, type Metadata, type ServerUnaryCall, type StatusObject } from '@grpc/grpc-js';
import { because, invalidArgument, ServiceError, statusWith, toStatus, unavailable } from './errors.ts';
import { meterCall, type CallMeter, type CallType } from './call-meter.ts';
import { startCallSpan, type CallSpan } from './call-span.ts';
import type { Logger } from './logger.ts';

/** Finds out who calls. @throws {ServiceError} UNAUTHENTICATED. */
export type Authenticate<Who> = (metadata: Metadata) => Promise<Who>;

/** Lets everybody in: for the calls that hand out the means to authenticate. */
export const anonymous: Authenticate<undefined> = () => Promise.resolve(undefined);

/** Something that must not happen and did. */
export interface Incident {
  /** What the caller is told, and what the log has beside the cause. */
  readonly id: string;
  readonly method: string;
  readonly cause: unknown;
}

/** What all calls of a service have in common. */
export interface CallOptions<Who> {
  readonly authenticate: Authenticate<Who>;
  readonly log: Logger;
  /** How long a unary call may take when the caller does not say; 30 seconds by default. */
  readonly defaultDeadlineMs?: number;
  /** Says which errors mean that something the service depends on is away: they become UNAVAILABLE and are no incident. */
  readonly isUnavailable?: (error: unknown) => boolean;
  /** Hears of every incident: tests fail on them here. */
  readonly onIncident?: ((incident: Incident) => void) | undefined;
}

/** What a handler knows about its call. */
export interface CallContext<Who> {
  readonly caller: Who;
  readonly metadata: Metadata;
  /** When the caller stops waiting, in milliseconds since 1970; Infinity for a stream without a deadline. */
  readonly deadline: number;
  /** Fires when nobody waits for the answer any more: cancelled, past the deadline, or the connection is lost. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Writes the request id and the method into every line. */
  readonly log: Logger;
}

/** What calls of all kinds have in grpc-js. */
type ServerSurfaceCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getPath' | 'getDeadline'> & {
  once(event: 'cancelled', listener: () => void): unknown;
};

/** The default deadline is over. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** How a call is opened. */
export interface Opening {
  readonly type: CallType;
  readonly options: CallOptions<unknown>;
  readonly deadline: number;
}

/**
 * The part of a call that is the same for all kinds of calls: an id, a log, a place in metrics and traces, and a signal that
 * follows the channel. What most calls never ask for is made when it is asked for: it would cost more than the rest.
 */
export class OpenCall {
  readonly method: string;
  readonly deadline: number;
  readonly metadata: Metadata;
  readonly requestId: string = randomUUID();
  readonly meter: CallMeter;
  readonly #options: CallOptions<unknown>;
  readonly #span: CallSpan;
  readonly #controller = new AbortController();
  #log: Logger | undefined;
  #closed = false;

  constructor(call: ServerSurfaceCall, { type, options, deadline }: Opening) {
    this.method = call.getPath();
    this.deadline = deadline;
    this.metadata = call.metadata;
    this.#options = options;
    this.meter = meterCall(this.method, type);
    this.#span = startCallSpan(this.method, call.metadata);
    // grpc-js says `cancelled` at the end of every call; only before our own end it means one.
    call.once('cancelled', () => {
      if (!this.#closed) {
        this.abort(new DOMException('the call was cancelled', 'AbortError'));
      }
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get log(): Logger {
    const { traceId } = this.#span;
    this.#log ??= this.#options.log.child({
      requestId: this.requestId,
      method: this.method,
      ...(traceId === undefined ? {} : { traceId }),
    });
    return this.#log;
  }

  /** Makes what the handler knows about the call. */
  contextOf<Who>(caller: Who): CallContext<Who> {
    return new OpenCallContext(this, caller);
  }

  /** Runs work as part of the call's span. */
  run<T>(work: () => T): T {
    return this.#span.run(work);
  }

  /** Ends the call for the given reason, as a cancellation would. */
  abort(reason: unknown): void {
    if (!this.#closed) {
      this.#controller.abort(reason);
    }
  }

  /** Marks the end with its status; what happens to the channel afterwards is not a cancellation. */
  close(code: status): void {
    this.#closed = true;
    this.meter.ended(status[code]);
    this.#span.end(status[code], code);
  }
}

class OpenCallContext<Who> implements CallContext<Who> {
  readonly caller: Who;
  readonly #call: OpenCall;

  constructor(call: OpenCall, caller: Who) {
    this.#call = call;
    this.caller = caller;
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get deadline(): number {
    return this.#call.deadline;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get requestId(): string {
    return this.#call.requestId;
  }

  get log(): Logger {
    return this.#call.log;
  }
}

/** Says when the caller of a call stops waiting; Infinity when it did not say. */
export function deadlineOf(call: ServerSurfaceCall): number {
  const deadline = call.getDeadline();
  return typeof deadline === 'number' ? deadline : deadline.getTime();
}

/** Turns whatever a handler threw into what the caller is told, and logs what the caller is not told. */
export function failureOf(error: unknown, call: OpenCall, options: CallOptions<unknown>): StatusObject {
  const { signal } = call;
  if (error instanceof ServiceError) {
    call.log[error.code === 'UNAVAILABLE' ? 'warn' : 'debug']({
      event: 'refused',
      code: error.code,
      err: error,
    });
    return toStatus(error);
  }
  if (error instanceof FieldError) {
    return failureOf(invalidArgument(error.field, error.reason, { cause: error }), call, options);
  }
  if (error instanceof DeadlineError || (signal.aborted && isAbort(error, signal))) {
    call.log.debug({ event: 'abandoned' });
    return abandonedStatus(call);
  }
  return options.isUnavailable?.(error) === true
    ? failureOf(unavailable(error), call, options)
    : incidentOf(error, call, options);
}

/** Nobody hears of a cancellation, but it is counted as one. */
function abandonedStatus({ deadline }: OpenCall): StatusObject {
  const name = Date.now() < deadline ? 'CANCELLED' : 'DEADLINE_EXCEEDED';
  return statusWith(name, name === 'CANCELLED' ? 'cancelled' : 'deadline exceeded', because(name));
}

function incidentOf(cause: unknown, call: OpenCall, options: CallOptions<unknown>): StatusObject {
  const id = randomUUID();
  call.log.error({ event: 'incident', incident: id, err: cause });
  options.onIncident?.({ id, method: call.method, cause });
  return statusWith('INTERNAL', `internal error, incident ${id}`, because('INTERNAL', { incident: id }));
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}
