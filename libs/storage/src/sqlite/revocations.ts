/**
 * What is revoked, and the list that says so, on SQLite; to be called inside a step of the registry.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import type { PublishedList, RevocationState, RevokedName, RevokedQuery } from '../registry.ts';
import type { SqliteConnection } from './connection.ts';
import { integer, smallInteger, text } from './row.ts';
import type { Row } from './row.ts';

/** Keeps a name for the next revocation list. */
export function addRevokedName(connection: SqliteConnection, revoked: RevokedName): void {
  const { keepUntilMs, kind, name } = revoked;
  const sql = 'INSERT OR IGNORE INTO revoked_name (keep_until_ms, kind, name) VALUES (?, ?, ?)';
  connection.run(sql, keepUntilMs, kind, name);
  connection.run('UPDATE revocation_state SET version = version + 1');
}

/** Lists a part of the names that a list has to have. */
export function listRevokedNames(
  connection: SqliteConnection,
  { nowMs, after, limit }: RevokedQuery,
): readonly RevokedName[] {
  const { keepUntilMs, kind, name } = after ?? { keepUntilMs: nowMs, kind: '', name: '' };
  const rows = connection.iterate(
    `SELECT keep_until_ms, kind, name FROM revoked_name
     WHERE keep_until_ms > ? AND (keep_until_ms, kind, name) > (?, ?, ?)
     ORDER BY keep_until_ms, kind, name LIMIT ?`,
    nowMs,
    keepUntilMs,
    kind,
    name,
    limit,
  );
  return Array.from(rows, toRevokedName);
}

/** Reads the state of the list. */
export function readRevocationState(connection: SqliteConnection): RevocationState {
  const row = connection.get('SELECT * FROM revocation_state');
  if (row === undefined) throw new StorageError('CORRUPT', 'no revocation state');
  return { version: integer(row, 'version'), list: row['list_jwt'] === null ? undefined : toList(row) };
}

/** Puts a list in the place of the newest one. */
export function keepRevocationList(connection: SqliteConnection, list: PublishedList): void {
  connection.run(
    'UPDATE revocation_state SET list_number = ?, list_version = ?, list_jwt = ?, list_renew_at_ms = ?',
    list.number,
    list.version,
    list.jwt,
    list.renewAtMs,
  );
}

function toList(row: Row): PublishedList {
  return {
    number: smallInteger(row, 'list_number'),
    version: integer(row, 'list_version'),
    jwt: text(row, 'list_jwt'),
    renewAtMs: smallInteger(row, 'list_renew_at_ms'),
  };
}

function toRevokedName(row: Row): RevokedName {
  const kind = text(row, 'kind');
  if (kind !== 'device' && kind !== 'key') throw new StorageError('CORRUPT', 'an unknown kind of name');
  return { kind, name: text(row, 'name'), keepUntilMs: smallInteger(row, 'keep_until_ms') };
}
