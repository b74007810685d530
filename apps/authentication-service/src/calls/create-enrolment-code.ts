/**
 * CreateEnrolmentCode: a one-time code for a user, shown once and kept only as a hash.
 *
 * @module
 */
import { FieldError, requireText, type authentication } from '@canopy/contract';
import { formatUserUri, isUserName } from '@canopy/identity';
import type { UnaryHandler } from '@canopy/service';
import { auditEntry } from '../rules/audit-entry.ts';
import { hashEnrolmentCode, makeEnrolmentCode } from '../rules/enrolment-code.ts';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<
  authentication.CreateEnrolmentCodeRequest,
  authentication.CreateEnrolmentCodeResponse,
  undefined
>;

const MAX_NAME_LENGTH = 64;

/** Makes the handler of CreateEnrolmentCode. */
export function createEnrolmentCode({ registry, clock, config }: Parts): Handler {
  return async (request) => {
    const name = requireText(request.userName, 'user_name', MAX_NAME_LENGTH);
    if (!isUserName(name))
      throw new FieldError('user_name', 'must consist of a-z, 0-9, dot, dash, underscore');
    const user = formatUserUri({ domain: config.domain, name });
    const nowMs = clock.now();
    const expiresAtMs = nowMs + config.enrolmentCodeLifetime;
    const enrolmentCode = makeEnrolmentCode();
    const { outcome } = await registry.putEvidence({
      evidenceHash: hashEnrolmentCode(enrolmentCode),
      user,
      expiresAtMs,
      nowMs,
      audit: auditEntry({ event: 'enrolment-code-created', user, expiresAtMs, atMs: nowMs }),
    });
    // The same 125 random bits twice: rather no code than one that belongs to somebody else.
    if (outcome !== 'created') throw new Error('a fresh enrolment code was known already');
    return { enrolmentCode, user, expiresAtUnixMs: BigInt(expiresAtMs) };
  };
}
