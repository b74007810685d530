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
type Reasons = Readonly<Record<Refused, authentication.EnrolmentRefusalReason>>;

const COMMON = {
  challengeUnknown: EnrolmentRefusalReason.CHALLENGE_UNKNOWN,
  challengeExpired: EnrolmentRefusalReason.CHALLENGE_EXPIRED,
  keyInUse: EnrolmentRefusalReason.KEY_IN_USE,
};

const REASONS: Readonly<Record<'enrolmentCode' | 'idToken', Reasons>> = {
  enrolmentCode: {
    ...COMMON,
    evidenceUnknown: EnrolmentRefusalReason.CODE_UNKNOWN,
    evidenceUsed: EnrolmentRefusalReason.CODE_USED,
    evidenceExpired: EnrolmentRefusalReason.CODE_EXPIRED,
  },
  idToken: {
    ...COMMON,
    evidenceUnknown: EnrolmentRefusalReason.ID_TOKEN_INVALID,
    evidenceUsed: EnrolmentRefusalReason.ID_TOKEN_USED,
    evidenceExpired: EnrolmentRefusalReason.ID_TOKEN_EXPIRED,
  },
};

/** Gives the reason for an outcome of the store, in the words for the kind of evidence. */
export function reasonOf(
  outcome: Refused,
  kind: 'enrolmentCode' | 'idToken',
): authentication.EnrolmentRefusalReason {
  return REASONS[kind][outcome];
}

/** Makes the refusal of an enrolment. */
export function refusal(reason: authentication.EnrolmentRefusalReason): RefusalCase {
  return { $case: 'refusal', value: { reason } };
}
