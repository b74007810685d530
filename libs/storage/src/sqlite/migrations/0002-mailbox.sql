CREATE TABLE mailbox (
  id INTEGER PRIMARY KEY,
  device TEXT NOT NULL UNIQUE,
  last_sequence INTEGER NOT NULL
) STRICT;

-- Stays when the entry is acknowledged: a late second delivery is recognised by it.
CREATE TABLE mailbox_delivery (
  mailbox_key INTEGER NOT NULL REFERENCES mailbox (id),
  group_id BLOB NOT NULL,
  group_sequence INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (mailbox_key, group_id, group_sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE mailbox_entry (
  mailbox_key INTEGER NOT NULL REFERENCES mailbox (id),
  sequence INTEGER NOT NULL,
  group_id BLOB NOT NULL,
  group_sequence INTEGER NOT NULL,
  welcome BLOB NOT NULL,
  ratchet_tree BLOB,
  PRIMARY KEY (mailbox_key, sequence)
) STRICT;
