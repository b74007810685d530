/**
 * The newest revocation list of the domain.
 *
 * @module
 */
import type { Database } from './database.ts';
import { integer, text } from './row.ts';

/** A list as it was accepted. */
export interface StoredRevocationList {
  readonly number: number;
  readonly jwt: string;
}

/** The row of the revocation list. */
export class RevocationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The newest list that was accepted. */
  newest(): StoredRevocationList | undefined {
    const row = this.#database.get('SELECT number, jwt FROM revocation_list');
    return row && { number: Number(integer(row, 'number')), jwt: text(row, 'jwt') };
  }

  /** Keeps a list, unless a newer one is kept. */
  save({ number, jwt }: StoredRevocationList): void {
    this.#database.run(
      `INSERT INTO revocation_list VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE
       SET number = excluded.number, jwt = excluded.jwt WHERE excluded.number >= number`,
      number,
      jwt,
    );
  }
}
