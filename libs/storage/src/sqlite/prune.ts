/**
 * Retention on SQLite; to be called inside a step of the group log.
 *
 * @module
 */
import type { Retention } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';
import { placeOf, sequenceOf } from './entries.ts';
import { integer, smallInteger } from './row.ts';
import type { Row } from './row.ts';

/** Removes what is beyond the limits, from the beginnings of logs only; gives how many entries went. */
export function prune(connection: SqliteConnection, retention: Retention): number {
  const oldestMs = retention.nowMs - retention.maxAgeMs;
  const groups = connection.iterate(
    `SELECT id, first_sequence, last_sequence FROM delivery_group
     WHERE first_sequence < last_sequence AND (first_at_ms < ? OR last_sequence - first_sequence >= ?) LIMIT ?`,
    oldestMs,
    retention.maxEntries,
    retention.budget,
  );
  let removed = 0;
  for (const group of Array.from(groups)) {
    if (removed >= retention.budget) break;
    removed += pruneGroup(connection, group, { ...retention, oldestMs, budget: retention.budget - removed });
  }
  forgetTrees(connection, oldestMs, retention.budget);
  forgetTickets(connection, retention);
  return removed;
}

function pruneGroup(
  connection: SqliteConnection,
  group: Row,
  limits: Retention & { readonly oldestMs: number },
): number {
  const key = integer(group, 'id');
  const begin = integer(group, 'first_sequence');
  const last = integer(group, 'last_sequence');
  const longest = last - BigInt(limits.maxEntries);
  let end = begin;
  for (const row of entriesFrom(connection, key, { begin, last, limit: limits.budget })) {
    if (sequenceOf(row) > longest && smallInteger(row, 'accepted_at_ms') >= limits.oldestMs) break;
    end = sequenceOf(row) + 1n;
  }
  const [first, next] = [placeOf(key, begin), placeOf(key, end)];
  connection.run('DELETE FROM log_entry WHERE position >= ? AND position < ?', first, next);
  connection.run(
    `UPDATE delivery_group SET first_sequence = ?,
       first_at_ms = (SELECT accepted_at_ms FROM log_entry WHERE position = ?) WHERE id = ?`,
    end,
    next,
    key,
  );
  return Number(end - begin);
}

/** The oldest entries of a group without its newest one. */
function entriesFrom(
  connection: SqliteConnection,
  key: bigint,
  { begin, last, limit }: { readonly begin: bigint; readonly last: bigint; readonly limit: number },
): Iterable<Row> {
  return connection.iterate(
    `SELECT position, accepted_at_ms FROM log_entry
     WHERE position >= ? AND position < ? ORDER BY position LIMIT ?`,
    placeOf(key, begin),
    placeOf(key, last),
    limit,
  );
}

function forgetTrees(connection: SqliteConnection, oldestMs: number, limit: number): void {
  connection.run(
    `DELETE FROM ratchet_tree WHERE id IN (
       SELECT t.id FROM ratchet_tree t JOIN delivery_group g ON g.id = t.group_key
       WHERE t.kept_at_ms < ? AND t.epoch < g.epoch LIMIT ?)`,
    oldestMs,
    limit,
  );
}

function forgetTickets(connection: SqliteConnection, { nowMs, budget }: Retention): void {
  connection.run(
    `DELETE FROM ticket WHERE (group_key, token_hash) IN
       (SELECT group_key, token_hash FROM ticket WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)`,
    nowMs,
    budget,
  );
}
