/**
 * The one error that a caller of a service sees.
 *
 * @module
 */
import { Metadata, status } from '@grpc/grpc-js';
import { decodeStatusDetails, STATUS_DETAILS_KEY, type FieldViolation } from './status-details.ts';

/** The names of the gRPC status codes. */
export type StatusName = keyof typeof status;

/** A call that failed: the status by its name, and what the service said about it. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: StatusName;
  /** The service's stable reason; empty when the error is not from a Canopy service but from the channel. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
  /** How long the service asks to wait before trying again. */
  readonly retryAfterMs: number | undefined;

  constructor(code: StatusName, message: string, options: ErrorOptions & Partial<CallErrorDetails> = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.code = code;
    this.reason = options.reason ?? '';
    this.metadata = options.metadata ?? {};
    this.fieldViolations = options.fieldViolations ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}

interface CallErrorDetails {
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
  readonly retryAfterMs: number;
}

/** Reads what a service said from whatever a call threw. */
export function readServiceError(error: unknown): CallError {
  if (error instanceof CallError) {
    return error;
  }
  const code = nameOf(property(error, 'code'));
  const message = property(error, 'details') ?? property(error, 'message');
  return new CallError(code, typeof message === 'string' ? message : 'unknown error', {
    ...readDetails(property(error, 'metadata')),
    cause: error,
  });
}

function readDetails(metadata: unknown): Partial<CallErrorDetails> {
  const bytes = metadata instanceof Metadata ? metadata.get(STATUS_DETAILS_KEY)[0] : undefined;
  return bytes instanceof Uint8Array ? (decodeStatusDetails(bytes) ?? {}) : {};
}

function nameOf(code: unknown): StatusName {
  return statusNames.find((name) => status[name] === code) ?? 'UNKNOWN';
}

const statusNames = Object.keys(status).filter((name): name is StatusName => Number.isNaN(Number(name)));

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
