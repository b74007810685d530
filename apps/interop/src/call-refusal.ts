/**
 * Why a call is answered with an error.
 *
 * @module
 */

/** A refusal with the name of its gRPC status. */
export class CallRefusal extends Error {
  override readonly name = 'CallRefusal';
  readonly status: 'NOT_FOUND' | 'INVALID_ARGUMENT';

  constructor(status: CallRefusal['status'], message: string) {
    super(message);
    this.status = status;
  }
}
