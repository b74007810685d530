/**
 * What a client refuses with, or could not do.
 *
 * @module
 */

/** Every reason for which an operation of a client fails. */
export type ClientErrorCode =
  // the client itself
  | 'CLOSED'
  | 'NOT_ENROLLED'
  | 'STATE_IN_USE'
  | 'INVALID_STATE'
  | 'MISUSE'
  // services
  | 'ENROLMENT_REFUSED'
  | 'KEY_PACKAGE_REFUSED'
  | 'SERVICE_REFUSED'
  | 'SERVICE_UNAVAILABLE'
  | 'INVALID_RESPONSE'
  // conversations
  | 'CONVERSATION_ENDED'
  | 'CONVERSATION_STUCK'
  | 'COMMIT_REFUSED'
  | 'COMMIT_CONTENDED'
  | 'MESSAGE_REFUSED'
  | 'WELCOME_REFUSED'
  | 'TREE_REFUSED'
  | 'GROUP_INFO_REFUSED'
  | 'TICKET_REFUSED';

/** An operation that failed: why, never with a key or a message in it. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  /** The reason in the words of whoever refused, such as a service; empty where the code says everything. */
  readonly reason: string;

  constructor(code: ClientErrorCode, message: string, options: ErrorOptions & { reason?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.code = code;
    this.reason = options.reason ?? '';
  }
}
