/**
 * BeginEnrolment: a code for a challenge; the code stays good.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import type { UnaryHandler } from '@canopy/service';
import type { EnrolmentCode } from '@canopy/storage';
import { requireCode } from '../request-fields.ts';
import { enrolmentPurpose, makeChallenge } from '../rules/challenge.ts';
import { hashEnrolmentCode } from '../rules/enrolment-code.ts';
import { EnrolmentRefusalReason, refusal } from '../rules/enrolment-refusal.ts';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<
  authentication.BeginEnrolmentRequest,
  authentication.BeginEnrolmentResponse,
  undefined
>;

/** Makes the handler of BeginEnrolment. */
export function beginEnrolment({ registry, clock, config }: Parts): Handler {
  return async (request) => {
    const codeHash = hashEnrolmentCode(requireCode(request.enrolmentCode, 'enrolment_code'));
    const nowMs = clock.now();
    const code = await registry.findEnrolmentCode(codeHash);
    const reason = refusalOf(code, nowMs);
    if (code === undefined || reason !== undefined) {
      return { result: refusal(reason ?? EnrolmentRefusalReason.CODE_UNKNOWN) };
    }
    const challenge = makeChallenge();
    const expiresAtMs = nowMs + config.challengeLifetime;
    await registry.putChallenge({ challenge, purpose: enrolmentPurpose(codeHash), expiresAtMs, nowMs });
    const { domain } = config;
    const value = { challenge, domain, user: code.user, expiresAtUnixMs: BigInt(expiresAtMs) };
    return { result: { $case: 'challenge', value } };
  };
}

function refusalOf(
  code: EnrolmentCode | undefined,
  nowMs: number,
): authentication.EnrolmentRefusalReason | undefined {
  if (code === undefined) return EnrolmentRefusalReason.CODE_UNKNOWN;
  if (code.usedBy !== undefined) return EnrolmentRefusalReason.CODE_USED;
  return code.expiresAtMs < nowMs ? EnrolmentRefusalReason.CODE_EXPIRED : undefined;
}
