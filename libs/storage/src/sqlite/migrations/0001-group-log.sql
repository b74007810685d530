CREATE TABLE delivery_group (
  id INTEGER PRIMARY KEY,
  group_id BLOB NOT NULL UNIQUE,
  cipher_suite INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL
) STRICT;

CREATE TABLE group_epoch (
  group_key INTEGER NOT NULL REFERENCES delivery_group (id),
  epoch INTEGER NOT NULL,
  access_key BLOB NOT NULL,
  ended_by_sequence INTEGER,
  PRIMARY KEY (group_key, epoch)
) STRICT, WITHOUT ROWID;

-- Apart from delivery_group, whose row is rewritten for every message: a tree may have hundreds of kilobytes.
CREATE TABLE group_info (
  group_key INTEGER PRIMARY KEY REFERENCES delivery_group (id),
  epoch INTEGER NOT NULL,
  group_info BLOB NOT NULL,
  ratchet_tree BLOB
) STRICT;

CREATE TABLE log_entry (
  group_key INTEGER NOT NULL REFERENCES delivery_group (id),
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('commit', 'proposal', 'application')),
  epoch INTEGER NOT NULL,
  request_id BLOB NOT NULL,
  content_hash BLOB NOT NULL,
  message BLOB NOT NULL,
  PRIMARY KEY (group_key, sequence),
  UNIQUE (group_key, request_id)
) STRICT;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  group_key INTEGER NOT NULL REFERENCES delivery_group (id),
  group_sequence INTEGER NOT NULL,
  device TEXT NOT NULL,
  welcome BLOB NOT NULL,
  ratchet_tree BLOB,
  UNIQUE (group_key, group_sequence, device)
) STRICT;
