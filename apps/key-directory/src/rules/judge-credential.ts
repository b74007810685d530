/**
 * Asks whether a credential is believed, and tells apart what a refusal means.
 *
 * @module
 */
import { attestationOf } from '@canopy/identity';
import type { IdentityProvider, IdentityVerdict, LeafNode, PresentedCredential } from '@canopy/mls';
import { unavailable } from '@canopy/service';
import { decodeJwt } from 'jose';

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

/**
 * A key is in the key set before it signs, and a key set in which one is missing is a few seconds old: what was attested
 * longer ago than this was attested by a key that was there and is gone.
 */
const NEWS_OF_KEYS_MS = 60_000;

/**
 * Says whether the credential of a leaf that was believed once is past its end, or under a key of the authentication service that
 * was withdrawn: not one that cannot be checked now, because the key is not known here yet.
 */
export function isOver(verdict: IdentityVerdict, leaf: LeafNode, nowMs: number): boolean {
  if (verdict.valid) return false;
  if (verdict.reason === 'ATTESTATION_UNKNOWN_KEY') return nowMs - attestedAtMs(leaf) > NEWS_OF_KEYS_MS;
  return OVER.has(verdict.reason);
}

function attestedAtMs({ extensions }: LeafNode): number {
  const attestation = attestationOf(extensions);
  const issuedAt = attestation === undefined ? undefined : decodeJwt(attestation).iat;
  return issuedAt === undefined ? Infinity : issuedAt * 1000;
}
