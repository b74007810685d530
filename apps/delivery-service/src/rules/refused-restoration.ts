/**
 * Lost entries that cannot be taken as they are.
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import type { RefusedSubmission } from './refused-submission.ts';

/** Why entries are refused, by the names of the API. */
export type RestorationRefusal = Exclude<keyof typeof delivery.RestoreRefusalReason, 'UNSPECIFIED'>;

/** Leaves the rules and becomes a `refused` answer, never a status. */
export class RefusedRestoration extends Error {
  override readonly name = 'RefusedRestoration';
  readonly reason: RestorationRefusal;

  constructor(reason: RestorationRefusal, detail: string) {
    super(detail);
    this.reason = reason;
  }

  /** Makes the answer. */
  toRefused(): { readonly $case: 'refused'; readonly value: delivery.RestoreRefused } {
    return {
      $case: 'refused',
      value: { reason: delivery.RestoreRefusalReason[this.reason], detail: this.message },
    };
  }
}

/** Refuses entries unless a condition holds. @throws {RefusedRestoration} */
export function requireRestorable(
  condition: boolean,
  reason: RestorationRefusal,
  detail: string,
): asserts condition {
  if (!condition) throw new RefusedRestoration(reason, detail);
}

/** Says in the words of restoring why the log would never have taken something. */
export function fromSubmission({ reason, message }: RefusedSubmission): RefusedRestoration {
  const same = reason === 'TOO_LARGE' || reason === 'GROUP_INFO_MISMATCH' ? reason : 'MALFORMED';
  return new RefusedRestoration(same, message);
}
