/**
 * Signing keys on SQLite; to be called inside a step of the registry.
 *
 * @module
 */
import type { SigningKey } from '../registry.ts';
import type { SqliteConnection } from './connection.ts';
import { smallInteger, text } from './row.ts';
import type { Row } from './row.ts';

/** Lists all keys, newest first. */
export function listSigningKeys(connection: SqliteConnection): readonly SigningKey[] {
  return Array.from(connection.iterate('SELECT * FROM signing_key ORDER BY id DESC'), toSigningKey);
}

/** Adds the newest key. */
export function keepSigningKey(connection: SqliteConnection, key: SigningKey): void {
  connection.run(
    `INSERT INTO signing_key (kid, public_jwk, private_key, signs_from_ms, signs_until_ms, published_until_ms)
     VALUES (?, ?, ?, ?, ?, ?)`,
    key.kid,
    key.publicJwk,
    key.privateKey ?? null,
    key.signsFromMs,
    key.signsUntilMs,
    key.publishedUntilMs,
  );
}

function toSigningKey(row: Row): SigningKey {
  return {
    kid: text(row, 'kid'),
    publicJwk: text(row, 'public_jwk'),
    privateKey: row['private_key'] === null ? undefined : text(row, 'private_key'),
    signsFromMs: smallInteger(row, 'signs_from_ms'),
    signsUntilMs: smallInteger(row, 'signs_until_ms'),
    publishedUntilMs: smallInteger(row, 'published_until_ms'),
  };
}
