/**
 * The audit log on SQLite.
 *
 * @module
 */
import { auditHash } from '../audit-chain.ts';
import type { AuditRecord } from '../registry.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, integer, toInteger } from './row.ts';
import type { Row } from './row.ts';

/** Appends one entry, inside the step that it records. */
export function appendAuditEntry(connection: SqliteConnection, entry: Uint8Array): AuditRecord {
  const last = connection.get('SELECT sequence, hash FROM audit_log ORDER BY sequence DESC LIMIT 1');
  const sequence = last === undefined ? 1n : integer(last, 'sequence') + 1n;
  const hash = auditHash(last === undefined ? undefined : bytes(last, 'hash'), entry);
  connection.run('INSERT INTO audit_log (sequence, entry, hash) VALUES (?, ?, ?)', sequence, entry, hash);
  return { sequence, entry, hash };
}

/** Reads entries in order. */
export function readAuditEntries(
  connection: SqliteConnection,
  afterSequence: bigint,
  limit: number,
): readonly AuditRecord[] {
  const rows = connection.iterate(
    'SELECT sequence, entry, hash FROM audit_log WHERE sequence > ? ORDER BY sequence LIMIT ?',
    toInteger(afterSequence),
    limit,
  );
  return Array.from(rows, toAuditRecord);
}

function toAuditRecord(row: Row): AuditRecord {
  return { sequence: integer(row, 'sequence'), entry: bytes(row, 'entry'), hash: bytes(row, 'hash') };
}
