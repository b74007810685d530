/**
 * BeginEnrolment: a code or an ID token for a challenge; the evidence stays good.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import type { CallContext, UnaryHandler } from '@canopy/service';
import type { Evidence } from '@canopy/storage';
import type { IdTokenFault, IdTokens } from '../oidc/id-tokens.ts';
import type { Parts } from '../parts.ts';
import { requireEvidence, type ShownEvidence } from '../request-fields.ts';
import { auditEntry } from '../rules/audit-entry.ts';
import { enrolmentPurpose, makeChallenge } from '../rules/challenge.ts';
import { EnrolmentRefusalReason, reasonOf, refusal } from '../rules/enrolment-refusal.ts';

type Handler = UnaryHandler<
  authentication.BeginEnrolmentRequest,
  authentication.BeginEnrolmentResponse,
  undefined
>;
type Reason = authentication.EnrolmentRefusalReason;
type Log = CallContext<undefined>['log'];

/** Makes the handler of BeginEnrolment. */
export function beginEnrolment(parts: Parts): Handler {
  return async (request, { log }) => {
    const shown = requireEvidence(request.evidence, 'evidence');
    const fault = shown.kind === 'idToken' ? await acceptIdToken(shown, parts, log) : undefined;
    if (fault !== undefined) return { result: refusal(fault) };
    const evidence = await parts.registry.findEvidence(shown.hash);
    const judged = judge(evidence, parts.clock.now());
    if (evidence === undefined || judged !== 'good') {
      return { result: refusal(reasonOf(judged === 'good' ? 'evidenceUnknown' : judged, shown.kind)) };
    }
    return { result: { $case: 'challenge', value: await challengeFor(shown, evidence.user, parts) } };
  };
}

function judge(
  evidence: Evidence | undefined,
  nowMs: number,
): 'good' | 'evidenceUnknown' | 'evidenceUsed' | 'evidenceExpired' {
  if (evidence === undefined) return 'evidenceUnknown';
  if (evidence.usedBy !== undefined) return 'evidenceUsed';
  return evidence.expiresAtMs < nowMs ? 'evidenceExpired' : 'good';
}

async function challengeFor(
  { hash }: ShownEvidence,
  user: string,
  { registry, limits, clock, config }: Parts,
): Promise<authentication.EnrolmentChallenge> {
  await limits.admitChallenge(hash);
  const nowMs = clock.now();
  const challenge = makeChallenge();
  const expiresAtMs = nowMs + config.challengeLifetime;
  await registry.putChallenge({ challenge, purpose: enrolmentPurpose(hash), expiresAtMs, nowMs });
  return { challenge, domain: config.domain, user, expiresAtUnixMs: BigInt(expiresAtMs) };
}

const FAULTS: Readonly<Record<IdTokenFault, Reason>> = {
  invalid: EnrolmentRefusalReason.ID_TOKEN_INVALID,
  expired: EnrolmentRefusalReason.ID_TOKEN_EXPIRED,
  userNameInvalid: EnrolmentRefusalReason.USER_NAME_INVALID,
};

/** Checks an ID token and keeps its hash as evidence; gives why it is not taken. */
async function acceptIdToken(shown: ShownEvidence, parts: Parts, log: Log): Promise<Reason | undefined> {
  const { idTokens } = parts;
  if (idTokens === undefined) return EnrolmentRefusalReason.ID_TOKEN_NOT_ACCEPTED;
  // One that enrolled a device says so, also after it has expired.
  const known = await parts.registry.findEvidence(shown.hash);
  return known?.usedBy === undefined ? checkIdToken(shown, idTokens, { known, parts, log }) : undefined;
}

interface TokenContext {
  /** What is known of the token, if it was shown before. */
  readonly known: Evidence | undefined;
  readonly parts: Parts;
  readonly log: Log;
}

async function checkIdToken(
  { value, hash: evidenceHash }: ShownEvidence,
  idTokens: IdTokens,
  { known, parts: { registry, limits, clock }, log }: TokenContext,
): Promise<Reason | undefined> {
  const verdict = await idTokens.verify(value);
  if (!verdict.valid) {
    log.info({ event: 'id-token-refused', fault: verdict.fault, err: verdict.cause });
    return FAULTS[verdict.fault];
  }
  const { user, subject, expiresAtMs } = verdict.claims;
  // By subject: whoever comes with the name of somebody else takes nothing from the other's share.
  if (known === undefined) await limits.admitIdToken(subject);
  const nowMs = clock.now();
  const audit = auditEntry({ event: 'id-token-accepted', user, subject, expiresAtMs, atMs: nowMs });
  const evidence = { evidenceHash, user, subject, expiresAtMs, nowMs, audit };
  const { outcome } = await registry.putEvidence(evidence);
  return outcome === 'otherSubject' ? EnrolmentRefusalReason.USER_NAME_TAKEN : undefined;
}
