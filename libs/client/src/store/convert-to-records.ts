/**
 * The second version of the schema: a group's state as one row a record, where the first had two values a group.
 *
 * @module
 */
import {
  encodeStagedCommit,
  readStateOfVersion1,
  recordsOf,
  type GroupState,
  type StateOfVersion1,
} from '@canopy/mls';
import type { Database } from './database.ts';
import { bytes, text, type Row } from './row.ts';

/** Makes the new tables and fills them from the old columns. */
export function convertToRecords(database: Database): void {
  database.exec(`
  -- What a group's state is made of: see libs/mls/src/group/records/record.ts for the keys.
  CREATE TABLE group_record (
    conversation TEXT NOT NULL REFERENCES conversation (id),
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (conversation, key)
  ) STRICT, WITHOUT ROWID;

  -- The one commit of a group that is under way, with what it makes of the group's state.
  CREATE TABLE staged_commit (
    conversation TEXT PRIMARY KEY REFERENCES conversation (id),
    bundle BLOB NOT NULL,
    change TEXT NOT NULL,
    staged BLOB NOT NULL
  ) STRICT;
  `);
  for (const row of database.all('SELECT id, state, ratchets FROM conversation')) convert(row, database);
  database.exec(`
  ALTER TABLE conversation DROP COLUMN state;
  ALTER TABLE conversation DROP COLUMN ratchets;
  DROP TABLE pending_commit;
  ALTER TABLE staged_commit RENAME TO pending_commit;
  `);
}

function convert(row: Row, database: Database): void {
  const id = text(row, 'id');
  const state = readStateOfVersion1(valuesIn(row));
  for (const { key, value } of recordsOf(state)) {
    database.run('INSERT INTO group_record VALUES (?, ?, ?)', id, key, value);
  }
  const pending = database.get('SELECT * FROM pending_commit WHERE conversation = ?', id);
  if (pending === undefined) return;
  const staged = stagedOf(state, readStateOfVersion1(valuesIn(pending)));
  const [bundle, change] = [bytes(pending, 'bundle'), text(pending, 'change')];
  database.run('INSERT INTO staged_commit VALUES (?, ?, ?, ?)', id, bundle, change, staged);
}

function valuesIn(row: Row): StateOfVersion1 {
  return { state: bytes(row, 'state'), ratchets: bytes(row, 'ratchets') };
}

/** Of the effects only those that are needed to keep the commit: what the application is told stands in `change`. */
function stagedOf(base: GroupState, state: GroupState): Uint8Array {
  const effects = {
    committer: base.ownLeafIndex,
    joined: false,
    added: [],
    updated: [],
    removed: [],
    committerLeaf: undefined,
    extensionsChanged: false,
    reinit: state.status.kind === 'reinitialized' ? state.status.reinit : undefined,
    selfRemoved: false,
  };
  return encodeStagedCommit({ base, state, effects });
}
