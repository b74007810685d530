/**
 * KeyPackages that wait for a Welcome, with their private keys (RFC 9420 §10).
 *
 * @module
 */
import { decodeMessage, encodeMessage, WireFormat, type KeyPackage } from '@canopy/mls';
import { ClientError } from '../errors.ts';
import type { Database } from './database.ts';
import { bytes, integer, type Row } from './row.ts';

/** A KeyPackage as it is kept. */
export interface StoredKeyPackage {
  readonly ref: Uint8Array;
  /** An encoded MLSMessage, as it is published. */
  readonly message: Uint8Array;
  readonly initPrivateKey: Uint8Array;
  readonly encryptionPrivateKey: Uint8Array;
  readonly lastResort: boolean;
  /** In seconds since 1970. */
  readonly notAfter: bigint;
}

/** The rows of KeyPackages. */
export class KeyPackageStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Saves new KeyPackages, all or none. */
  save(keyPackages: readonly StoredKeyPackage[]): void {
    this.#database.transaction(() => {
      for (const { ref, message, ...kept } of keyPackages) {
        this.#database.run(
          'INSERT INTO key_package VALUES (?, ?, ?, ?, ?, 0, ?)',
          ref,
          message,
          kept.initPrivateKey,
          kept.encryptionPrivateKey,
          kept.lastResort ? 1 : 0,
          kept.notAfter,
        );
      }
    });
  }

  /** Finds a KeyPackage by its reference. */
  find(ref: Uint8Array): StoredKeyPackage | undefined {
    const row = this.#database.get('SELECT * FROM key_package WHERE ref = ?', ref);
    return row && toStored(row);
  }

  /** Those that the directory is not known to have. */
  unpublished(): readonly StoredKeyPackage[] {
    return this.#database.all('SELECT * FROM key_package WHERE published = 0').map(toStored);
  }

  /** Remembers that the directory has, or had, a KeyPackage. */
  markPublished(ref: Uint8Array): void {
    this.#database.run('UPDATE key_package SET published = 1 WHERE ref = ?', ref);
  }

  /** Forgets a KeyPackage and its private keys. */
  delete(ref: Uint8Array): void {
    this.#database.run('DELETE FROM key_package WHERE ref = ?', ref);
  }

  /** Forgets those that nobody may use any more. */
  deleteExpired(nowSeconds: bigint): void {
    this.#database.run('DELETE FROM key_package WHERE not_after < ?', nowSeconds);
  }

  /** Counts single-use ones, published or not. */
  countSingleUse(): number {
    const row = this.#database.get('SELECT count(*) AS count FROM key_package WHERE last_resort = 0');
    return row === undefined ? 0 : Number(integer(row, 'count'));
  }

  /** Says whether there is a last resort that lives at least until a time. */
  hasLastResort(untilSeconds: bigint): boolean {
    const sql = 'SELECT 1 FROM key_package WHERE last_resort = 1 AND not_after >= ?';
    return this.#database.get(sql, untilSeconds) !== undefined;
  }
}

function toStored(row: Row): StoredKeyPackage {
  return {
    ref: bytes(row, 'ref'),
    message: bytes(row, 'message'),
    initPrivateKey: bytes(row, 'init_private_key'),
    encryptionPrivateKey: bytes(row, 'encryption_private_key'),
    lastResort: integer(row, 'last_resort') === 1n,
    notAfter: integer(row, 'not_after'),
  };
}

/** Encodes a KeyPackage as it is published. */
export function toKeyPackageMessage(keyPackage: KeyPackage): Uint8Array {
  return encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage });
}

/** Decodes a KeyPackage as it was published. @throws {CodecError}, {ClientError} INVALID_RESPONSE */
export function readKeyPackageMessage(message: Uint8Array): KeyPackage {
  const decoded = decodeMessage(message);
  if (decoded.wireFormat === WireFormat.keyPackage) return decoded.keyPackage;
  throw new ClientError('INVALID_RESPONSE', `a KeyPackage expected, found wire format ${decoded.wireFormat}`);
}
