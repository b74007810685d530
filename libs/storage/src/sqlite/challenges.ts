/**
 * Challenges on SQLite; to be called inside a step of the registry.
 *
 * @module
 */
import type { ChallengeUse, ConsumeOutcome, NewChallenge } from '../registry.ts';
import type { SqliteConnection } from './connection.ts';
import { smallInteger } from './row.ts';

/** Keeps a challenge, and forgets those that have been expired for a while. */
export function keepChallenge(connection: SqliteConnection, challenge: NewChallenge): void {
  // For a while they are kept, so that a late caller hears "expired" instead of "unknown".
  connection.run('DELETE FROM challenge WHERE expires_at_ms < ?', challenge.nowMs - EXPIRED_KEPT_MS);
  connection.run(
    'INSERT INTO challenge (challenge, purpose, expires_at_ms) VALUES (?, ?, ?)',
    challenge.challenge,
    challenge.purpose,
    challenge.expiresAtMs,
  );
}

const EXPIRED_KEPT_MS = 600_000;

/** Says what would become of a challenge that is used now. */
export function judgeChallenge(connection: SqliteConnection, use: ChallengeUse): ConsumeOutcome['outcome'] {
  const row = connection.get(
    'SELECT expires_at_ms FROM challenge WHERE challenge = ? AND purpose = ?',
    use.challenge,
    use.purpose,
  );
  if (row === undefined) return 'challengeUnknown';
  return smallInteger(row, 'expires_at_ms') < use.nowMs ? 'challengeExpired' : 'consumed';
}

/** Makes a challenge unusable. */
export function dropChallenge(connection: SqliteConnection, challenge: Uint8Array): void {
  connection.run('DELETE FROM challenge WHERE challenge = ?', challenge);
}
