/**
 * Tickets for guests on SQLite; to be called inside a step of the group log.
 *
 * @module
 */
import type { NewTicket, TicketOutcome } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';
import { integer, smallInteger } from './row.ts';

/** One ticket at one time. */
export interface TicketUse {
  readonly groupKey: bigint;
  readonly tokenHash: Uint8Array;
  readonly nowMs: number;
}

/** Registers a ticket. */
export function addTicket(
  connection: SqliteConnection,
  groupKey: bigint,
  ticket: NewTicket,
): TicketOutcome['outcome'] {
  const { tokenHash, nowMs } = ticket;
  connection.run('DELETE FROM ticket WHERE group_key = ? AND expires_at_ms < ?', groupKey, nowMs);
  const row = connection.get(
    'SELECT used FROM ticket WHERE group_key = ? AND token_hash = ?',
    groupKey,
    tokenHash,
  );
  if (row !== undefined) return integer(row, 'used') === 1n ? 'used' : 'same';
  if (countOpen(connection, groupKey) >= ticket.maxTickets) return 'full';
  connection.run(
    'INSERT INTO ticket (group_key, token_hash, expires_at_ms, used) VALUES (?, ?, ?, 0)',
    groupKey,
    tokenHash,
    ticket.expiresAtMs,
  );
  return 'added';
}

/** Tells whether a ticket is open: neither used nor expired. */
export function isOpen(connection: SqliteConnection, { groupKey, tokenHash, nowMs }: TicketUse): boolean {
  const row = connection.get(
    'SELECT 1 FROM ticket WHERE group_key = ? AND token_hash = ? AND used = 0 AND expires_at_ms >= ?',
    groupKey,
    tokenHash,
    nowMs,
  );
  return row !== undefined;
}

/** Uses an open ticket up. */
export function useTicket(connection: SqliteConnection, groupKey: bigint, tokenHash: Uint8Array): void {
  connection.run('UPDATE ticket SET used = 1 WHERE group_key = ? AND token_hash = ?', groupKey, tokenHash);
}

/** Forgets all tickets of a group that are not used. */
export function revokeTickets(connection: SqliteConnection, groupKey: bigint): void {
  connection.run('DELETE FROM ticket WHERE group_key = ? AND used = 0', groupKey);
}

function countOpen(connection: SqliteConnection, groupKey: bigint): number {
  const row = connection.get(
    'SELECT count(*) AS open FROM ticket WHERE group_key = ? AND used = 0',
    groupKey,
  );
  return row === undefined ? 0 : smallInteger(row, 'open');
}
