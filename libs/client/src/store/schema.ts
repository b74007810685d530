/**
 * The tables of a client's state file, version by version.
 *
 * @module
 */
import { addRecovery } from './add-recovery.ts';
import type { Database } from './database.ts';
import { convertToRecords } from './convert-to-records.ts';

/** One step from a version to the next: statements, or what statements cannot say. */
export type Migration = string | ((database: Database) => void);

/** The steps from one version of the schema to the next; the version of a file is how many it has made. */
export const migrations: readonly Migration[] = [
  `
  -- The device that the file belongs to: keys and the request that enrols them first, the rest when there is an answer.
  CREATE TABLE device (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cipher_suite INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    enrolment_request BLOB NOT NULL,
    device TEXT,
    domain TEXT,
    attestation TEXT,
    mailbox_cursor INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- The keys of the Authentication Service that attestations are checked with.
  CREATE TABLE trust (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    domain TEXT NOT NULL,
    jwks TEXT NOT NULL
  ) STRICT;

  -- KeyPackages that a Welcome may come for, with their private keys.
  CREATE TABLE key_package (
    ref BLOB PRIMARY KEY,
    message BLOB NOT NULL,
    init_private_key BLOB NOT NULL,
    encryption_private_key BLOB NOT NULL,
    last_resort INTEGER NOT NULL,
    published INTEGER NOT NULL,
    not_after INTEGER NOT NULL
  ) STRICT;

  -- Groups: what is in the log up to the cursor is in state and ratchets, nothing else.
  CREATE TABLE conversation (
    id TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('creating', 'active', 'ended')),
    cursor INTEGER NOT NULL,
    joined_epoch INTEGER NOT NULL,
    state BLOB NOT NULL,
    ratchets BLOB NOT NULL
  ) STRICT;

  -- The one commit of a group that is under way.
  CREATE TABLE pending_commit (
    conversation TEXT PRIMARY KEY REFERENCES conversation (id),
    bundle BLOB NOT NULL,
    change TEXT NOT NULL,
    state BLOB NOT NULL,
    ratchets BLOB NOT NULL
  ) STRICT;

  -- Application messages that are not known to be in the log, in the order of sending.
  CREATE TABLE outgoing (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT NOT NULL REFERENCES conversation (id),
    request_id BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    message BLOB NOT NULL,
    data BLOB NOT NULL
  ) STRICT;

  -- Events that the application has not finished with, in order.
  CREATE TABLE event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  `,
  convertToRecords,
  addRecovery,
  `
  -- Devices that came into a group by a commit that this device has refused: they are to be taken out.
  CREATE TABLE intruder (
    conversation TEXT NOT NULL REFERENCES conversation (id),
    device TEXT NOT NULL,
    UNIQUE (conversation, device)
  ) STRICT;
  `,
];
