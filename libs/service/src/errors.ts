/**
 * The errors that leave a service, each with the reaction that it asks of the caller.
 *
 * @module
 */
import { encodeStatusDetails, STATUS_DETAILS_KEY, type StatusDetails } from '@canopy/contract';
import { Metadata, status, type StatusObject } from '@grpc/grpc-js';

/** The codes that a service may answer with by its own decision. */
export type ServiceErrorCode =
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE'
  | 'ABORTED';

/** An error that goes to the caller as it is: its message and details must hold no secret. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ServiceErrorCode;
  readonly details: StatusDetails;

  constructor(
    code: ServiceErrorCode,
    message: string,
    options: ErrorOptions & { readonly details: StatusDetails },
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.code = code;
    this.details = options.details;
  }
}

/** Refuses a request that can never be accepted as it is. Reaction: do not repeat it, it is a fault of the caller. */
export function invalidArgument(field: string, reason: string, options?: ErrorOptions): ServiceError {
  const details = {
    reason: 'FIELD_INVALID',
    metadata: { field },
    fieldViolations: [{ field, description: reason }],
  };
  return new ServiceError('INVALID_ARGUMENT', `${field}: ${reason}`, { ...options, details });
}

/** Refuses a caller that did not show who it is. Reaction: get a new token, then repeat once. */
export function unauthenticated(reason: string, options?: ErrorOptions): ServiceError {
  return new ServiceError('UNAUTHENTICATED', reason, { ...options, details: because(reason) });
}

/** Refuses a caller that is known but may not do this. Reaction: do not repeat it. */
export function permissionDenied(reason: string, options?: ErrorOptions): ServiceError {
  return new ServiceError('PERMISSION_DENIED', reason, { ...options, details: because(reason) });
}

/** Refuses what goes over a limit, which it names. Reaction: repeat it after the time given, or ask for less. */
export function resourceExhausted(limit: string, value: number, retryAfterMs?: number): ServiceError {
  const details = {
    ...because('LIMIT_EXCEEDED', { limit, value: String(value) }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return new ServiceError('RESOURCE_EXHAUSTED', `limit ${limit} of ${value} exceeded`, { details });
}

/** Says that something the service depends on is away. Reaction: repeat it with back-off; whether it was done is unknown. */
export function unavailable(cause: unknown, retryAfterMs?: number): ServiceError {
  const details = {
    ...because('DEPENDENCY_UNAVAILABLE'),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return new ServiceError('UNAVAILABLE', 'temporarily unavailable', { details, cause });
}

/** Says that another call was in the way. Reaction: read the state again, then decide anew. */
export function aborted(reason: string, options?: ErrorOptions): ServiceError {
  return new ServiceError('ABORTED', reason, { ...options, details: because(reason) });
}

/** Makes the status that gRPC sends for a service error. */
export function toStatus(error: ServiceError): StatusObject {
  return statusWith(error.code, error.message, error.details);
}

/** Makes a status with details in its trailer. */
export function statusWith(
  name: ServiceErrorCode | 'INTERNAL' | 'DEADLINE_EXCEEDED' | 'CANCELLED',
  message: string,
  details: StatusDetails,
): StatusObject {
  const code = status[name];
  const metadata = new Metadata();
  metadata.set(STATUS_DETAILS_KEY, Buffer.from(encodeStatusDetails(code, message, details)));
  return { code, details: message, metadata };
}

/** Makes details with nothing but a reason. */
export function because(reason: string, metadata: Readonly<Record<string, string>> = {}): StatusDetails {
  return { reason, metadata, fieldViolations: [] };
}
