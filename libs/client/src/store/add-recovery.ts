/**
 * The third version of the schema: what a device needs in order to come back, to let guests in and to hold services to
 * what they have said.
 *
 * @module
 */

/** Makes the new tables; all that was there stays as it is. */
export const addRecovery = `
  -- The newest entries of each log as they came: to tell a repeat from a contradiction, and to hand back what a log loses.
  CREATE TABLE recent_entry (
    conversation TEXT NOT NULL REFERENCES conversation (id),
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    message BLOB NOT NULL,
    hash BLOB NOT NULL,
    receipt TEXT NOT NULL,
    UNIQUE (conversation, sequence)
  ) STRICT;
  CREATE INDEX recent_entry_by_hash ON recent_entry (conversation, hash);

  -- How often a group had to be joined again, why now, and the external commit that is under way.
  CREATE TABLE recovery (
    conversation TEXT PRIMARY KEY REFERENCES conversation (id),
    fault TEXT,
    recovered INTEGER NOT NULL DEFAULT 0,
    recovered_at_ms INTEGER NOT NULL DEFAULT 0,
    bundle BLOB,
    state BLOB
  ) STRICT;

  -- Pre-shared keys that let a guest in: made here, or announced by another member.
  CREATE TABLE ticket (
    conversation TEXT NOT NULL REFERENCES conversation (id),
    psk_id BLOB NOT NULL,
    psk BLOB NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    own INTEGER NOT NULL,
    UNIQUE (conversation, psk_id)
  ) STRICT;

  -- External commits with a ticket that are under way.
  CREATE TABLE visit (
    conversation TEXT PRIMARY KEY,
    token BLOB NOT NULL,
    bundle BLOB NOT NULL,
    state BLOB NOT NULL
  ) STRICT;

  -- What the Delivery Service has signed for the commits of each log.
  CREATE TABLE receipt (
    conversation TEXT NOT NULL REFERENCES conversation (id),
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    jws TEXT NOT NULL,
    UNIQUE (conversation, epoch)
  ) STRICT;

  -- With it a member hands in the commit that began an epoch, when the service has lost it.
  CREATE TABLE past_epoch (
    conversation TEXT NOT NULL REFERENCES conversation (id),
    epoch INTEGER NOT NULL,
    group_info BLOB NOT NULL,
    ratchet_tree BLOB NOT NULL,
    access_private_key BLOB NOT NULL,
    UNIQUE (conversation, epoch)
  ) STRICT;

  -- The keys that verify receipts: those that were seen once stay what they are.
  CREATE TABLE receipt_key (
    kid TEXT PRIMARY KEY,
    jwk TEXT NOT NULL
  ) STRICT;

  -- Two receipts for one epoch.
  CREATE TABLE evidence (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT NOT NULL,
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    UNIQUE (conversation, one, other)
  ) STRICT;

  -- The newest revocation list: its number never falls.
  CREATE TABLE revocation_list (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    jwt TEXT NOT NULL
  ) STRICT;

  -- The CAs that were the domain's when the device was enrolled.
  CREATE TABLE trust_anchor (
    certificate BLOB NOT NULL,
    is_anchor INTEGER NOT NULL
  ) STRICT;

  -- The device's own certificate chain, one certificate after the other, each with its length; empty when it has none.
  ALTER TABLE device ADD COLUMN x509_chain BLOB NOT NULL DEFAULT x'';

  -- When the credential is to be renewed.
  ALTER TABLE device ADD COLUMN renew_at_ms INTEGER NOT NULL DEFAULT 0;

  -- When this device first saw the keys that the members of a group have now.
  CREATE TABLE key_age (
    conversation TEXT NOT NULL REFERENCES conversation (id),
    encryption_key TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    UNIQUE (conversation, encryption_key)
  ) STRICT;
`;
