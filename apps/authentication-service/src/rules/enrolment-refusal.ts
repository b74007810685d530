/**
 * Why an enrolment is refused, in the words of the API.
 *
 * @module
 */
import { authentication } from '@canopy/contract';
import type { EnrolmentOutcome } from '@canopy/storage';

/** The reasons that the API knows. */
export const EnrolmentRefusalReason = authentication.EnrolmentRefusalReason;

/** A refusal as the case of a response. */
export interface RefusalCase {
  readonly $case: 'refusal';
  readonly value: authentication.EnrolmentRefusal;
}

type Refused = Exclude<EnrolmentOutcome['outcome'], 'enrolled' | 'alreadyEnrolled'>;

const REASONS: Readonly<Record<Refused, authentication.EnrolmentRefusalReason>> = {
  codeUnknown: EnrolmentRefusalReason.CODE_UNKNOWN,
  codeUsed: EnrolmentRefusalReason.CODE_USED,
  codeExpired: EnrolmentRefusalReason.CODE_EXPIRED,
  challengeUnknown: EnrolmentRefusalReason.CHALLENGE_UNKNOWN,
  challengeExpired: EnrolmentRefusalReason.CHALLENGE_EXPIRED,
  keyInUse: EnrolmentRefusalReason.KEY_IN_USE,
};

/** Gives the reason for an outcome of the store. */
export function reasonOf(outcome: Refused): authentication.EnrolmentRefusalReason {
  return REASONS[outcome];
}

/** Makes the refusal of an enrolment. */
export function refusal(reason: authentication.EnrolmentRefusalReason): RefusalCase {
  return { $case: 'refusal', value: { reason } };
}
