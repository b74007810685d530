/**
 * Evidence of enrolments on SQLite; to be called inside a step of the registry.
 *
 * @module
 */
import { EXPIRED_EVIDENCE_KEPT_MS } from '../registry.ts';
import type { Evidence, NewEvidence } from '../registry.ts';
import type { SqliteConnection } from './connection.ts';
import { smallInteger, text } from './row.ts';

/** Keeps evidence that is not there yet, and says whether it was new; forgets what nobody used in its time. */
export function keepEvidence(connection: SqliteConnection, evidence: NewEvidence): boolean {
  connection.run(
    'DELETE FROM evidence WHERE used_by IS NULL AND expires_at_ms < ?',
    evidence.nowMs - EXPIRED_EVIDENCE_KEPT_MS,
  );
  const created = connection.run(
    'INSERT OR IGNORE INTO evidence (evidence_hash, user, expires_at_ms) VALUES (?, ?, ?)',
    evidence.evidenceHash,
    evidence.user,
    evidence.expiresAtMs,
  );
  return created > 0;
}

/** Says whether the user's name is the subject's, or of nobody until now. */
export function ownsName(connection: SqliteConnection, { user, subject }: NewEvidence): boolean {
  if (subject === undefined) return true;
  connection.run('INSERT OR IGNORE INTO name_owner (user, subject) VALUES (?, ?)', user, subject);
  const row = connection.get('SELECT subject FROM name_owner WHERE user = ?', user);
  return row !== undefined && text(row, 'subject') === subject;
}

/** Finds evidence by its hash. */
export function findEvidence(connection: SqliteConnection, evidenceHash: Uint8Array): Evidence | undefined {
  const row = connection.get(
    'SELECT user, expires_at_ms, used_by FROM evidence WHERE evidence_hash = ?',
    evidenceHash,
  );
  if (row === undefined) return undefined;
  return {
    user: text(row, 'user'),
    expiresAtMs: smallInteger(row, 'expires_at_ms'),
    usedBy: row['used_by'] === null ? undefined : text(row, 'used_by'),
  };
}

/** Marks evidence as used. */
export function useEvidence(connection: SqliteConnection, evidenceHash: Uint8Array, device: string): void {
  connection.run('UPDATE evidence SET used_by = ? WHERE evidence_hash = ?', device, evidenceHash);
}
