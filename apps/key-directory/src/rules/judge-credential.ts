/**
 * Asks whether a credential is believed, and tells apart what a refusal means.
 *
 * @module
 */
import type { IdentityProvider, IdentityVerdict, PresentedCredential } from '@canopy/mls';
import { unavailable } from '@canopy/service';

const NO_LIST: ReadonlySet<string> = new Set(['REVOCATION_LIST_MISSING', 'REVOCATION_LIST_STALE']);

/** What was believed when it was published, and never will be again. */
const OVER: ReadonlySet<string> = new Set([
  'ATTESTATION_EXPIRED',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_REVOKED',
  'DEVICE_REVOKED',
  'KEY_REVOKED',
]);

/** Judges a credential. @throws {ServiceError} UNAVAILABLE when nothing can be said now, and what the judge throws */
export async function judgeCredential(
  identities: IdentityProvider,
  presented: PresentedCredential,
): Promise<IdentityVerdict> {
  const verdict = await identities.validateCredential(presented);
  if (!verdict.valid && NO_LIST.has(verdict.reason)) throw unavailable(new Error(verdict.reason));
  return verdict;
}

/** Says whether a credential is past its end: not one that cannot be checked now, because a key is not known here yet. */
export function isOver(verdict: IdentityVerdict): boolean {
  return !verdict.valid && OVER.has(verdict.reason);
}
