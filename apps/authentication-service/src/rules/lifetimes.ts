/**
 * How long things hold that the service makes, from its settings.
 *
 * @module
 */
import type { AuthenticationConfig } from '../config.ts';
import type { KeyScheduleSettings } from './key-schedule.ts';

type Lifetimes = Pick<
  AuthenticationConfig,
  'attestationLifetime' | 'x509Lifetime' | 'tokenLifetime' | 'revocationListLifetime' | 'signingKeyLifetime'
>;

/** A credential that is being issued while its device is revoked begins a little later. */
const MARGIN_MS = 3_600_000;

/** Says until when a revocation list would have to name whom something is issued for now: no credential of it holds longer. */
export function keptUntilMs(nowMs: number, { attestationLifetime, x509Lifetime }: Lifetimes): number {
  return nowMs + Math.max(attestationLifetime, x509Lifetime) + MARGIN_MS;
}

/** Gives the schedule of the signing keys. */
export function keySchedule(lifetimes: Lifetimes): KeyScheduleSettings {
  const { attestationLifetime, tokenLifetime, revocationListLifetime, signingKeyLifetime } = lifetimes;
  return {
    lifetimeMs: signingKeyLifetime,
    longestMs: Math.max(attestationLifetime, tokenLifetime, revocationListLifetime),
  };
}
