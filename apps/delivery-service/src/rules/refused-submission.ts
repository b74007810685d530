/**
 * A commit or a message that can never be accepted as it is.
 *
 * @module
 */
import { CodecError } from '@canopy/codec';
import { delivery } from '@canopy/contract';
import { CryptoError } from '@canopy/crypto';
import { decodeMessage, MlsError, type MLSMessage } from '@canopy/mls';

/** Why a submission is refused, by the names of the API. */
export type RefusalReason = Exclude<keyof typeof delivery.SubmissionRejectionReason, 'UNSPECIFIED'>;

/** Leaves the rules and becomes a `rejected` answer, never a status. */
export class RefusedSubmission extends Error {
  override readonly name = 'RefusedSubmission';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.reason = reason;
  }

  /** Makes the answer. */
  toRejected(): { readonly $case: 'rejected'; readonly value: delivery.SubmissionRejected } {
    const reason = delivery.SubmissionRejectionReason[this.reason];
    return { $case: 'rejected', value: { reason, detail: this.message } };
  }
}

/** Refuses a submission unless a condition holds. @throws {RefusedSubmission} */
export function requireThat(condition: boolean, reason: RefusalReason, detail: string): asserts condition {
  if (!condition) throw new RefusedSubmission(reason, detail);
}

/** Decodes the MLSMessage (RFC 9420 §6) in a field. @throws {RefusedSubmission} MALFORMED */
export function readMlsMessage(bytes: Uint8Array, field: string): MLSMessage {
  return decodeOrRefuse(field, () => decodeMessage(bytes));
}

/** Decodes what is in a field. @throws {RefusedSubmission} MALFORMED */
export function decodeOrRefuse<T>(field: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof CodecError || error instanceof MlsError || error instanceof CryptoError) {
      throw new RefusedSubmission('MALFORMED', `${field}: ${error.code}`, { cause: error });
    }
    throw error;
  }
}
