-- Receipts, quarantine, retention, tickets, and ratchet trees that are kept once instead of once a joiner.

ALTER TABLE delivery_group ADD COLUMN first_sequence INTEGER NOT NULL DEFAULT 1;
ALTER TABLE delivery_group ADD COLUMN first_at_ms INTEGER;
ALTER TABLE delivery_group ADD COLUMN quarantined_epoch INTEGER;
ALTER TABLE delivery_group ADD COLUMN quarantined_sequence INTEGER;
ALTER TABLE delivery_group ADD COLUMN restored_sequence INTEGER NOT NULL DEFAULT 0;

-- Commits from before have no receipt: their facts are empty, and the chain begins with the first commit after them.
ALTER TABLE group_epoch ADD COLUMN commit_hash BLOB;
ALTER TABLE group_epoch ADD COLUMN accepted_at_ms INTEGER;
ALTER TABLE group_epoch ADD COLUMN previous_receipt_hash BLOB;
ALTER TABLE group_epoch ADD COLUMN key_id TEXT;

UPDATE group_epoch
SET accepted_at_ms = 0, previous_receipt_hash = x'', key_id = '',
  commit_hash = (SELECT l.content_hash FROM log_entry l
    WHERE l.group_key = group_epoch.group_key AND l.sequence = group_epoch.ended_by_sequence)
WHERE ended_by_sequence IS NOT NULL;

-- One tree for the entries and one for their request ids: every message pays for each of them. position: the key of the group
-- times 2^40, and the sequence number. kind: 1 commit, 2 proposal, 3 application. What a request was is told by the message
-- itself, and for a commit by the hash in group_epoch.
CREATE TABLE entry (
  position INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
  epoch INTEGER NOT NULL,
  accepted_at_ms INTEGER NOT NULL,
  request_id BLOB NOT NULL,
  message BLOB NOT NULL
) STRICT;

-- When the entries from before were accepted is not known: for retention they are as old as this migration.
INSERT INTO entry (position, kind, epoch, accepted_at_ms, request_id, message)
SELECT (group_key << 40) + sequence, CASE kind WHEN 'commit' THEN 1 WHEN 'proposal' THEN 2 ELSE 3 END, epoch,
  unixepoch() * 1000, request_id, message
FROM log_entry ORDER BY group_key, sequence;

UPDATE delivery_group SET first_at_ms = unixepoch() * 1000 WHERE last_sequence > 0;
DROP TABLE log_entry;
ALTER TABLE entry RENAME TO log_entry;
CREATE UNIQUE INDEX log_entry_by_request ON log_entry (position >> 40, request_id);

CREATE TRIGGER delivery_group_has_a_place AFTER INSERT ON delivery_group WHEN NEW.id >= 1 << 23
BEGIN
  SELECT RAISE(ABORT, 'a file has room for 8388607 groups');
END;

CREATE TABLE ratchet_tree (
  id INTEGER PRIMARY KEY,
  group_key INTEGER NOT NULL REFERENCES delivery_group (id),
  epoch INTEGER NOT NULL,
  hash BLOB NOT NULL,
  size INTEGER NOT NULL,
  kept_at_ms INTEGER NOT NULL,
  -- Whether the epoch began with a Welcome: then its joiners may need the tree after the epoch.
  welcomed INTEGER NOT NULL CHECK (welcomed IN (0, 1)),
  UNIQUE (group_key, epoch)
) STRICT;

-- Parts of 65536 bytes: reading a part of a large value would read all of it.
CREATE TABLE ratchet_tree_part (
  tree_key INTEGER NOT NULL REFERENCES ratchet_tree (id) ON DELETE CASCADE,
  part INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (tree_key, part)
) STRICT;

ALTER TABLE outbox ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN tree_hash BLOB;
ALTER TABLE outbox ADD COLUMN tree_size INTEGER;
ALTER TABLE mailbox_entry ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox_entry ADD COLUMN tree_hash BLOB;
ALTER TABLE mailbox_entry ADD COLUMN tree_size INTEGER;

UPDATE outbox SET
  epoch = coalesce((SELECT e.epoch + 1 FROM group_epoch e
    WHERE e.group_key = outbox.group_key AND e.ended_by_sequence = outbox.group_sequence), 0),
  tree_hash = CASE WHEN ratchet_tree IS NULL THEN NULL ELSE sha256(ratchet_tree) END,
  tree_size = length(ratchet_tree);
UPDATE mailbox_entry SET
  epoch = coalesce((SELECT e.epoch + 1 FROM group_epoch e JOIN delivery_group g ON g.id = e.group_key
    WHERE g.group_id = mailbox_entry.group_id AND e.ended_by_sequence = mailbox_entry.group_sequence), 0),
  tree_hash = CASE WHEN ratchet_tree IS NULL THEN NULL ELSE sha256(ratchet_tree) END,
  tree_size = length(ratchet_tree);

CREATE TABLE copied_tree (
  group_key INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  tree BLOB NOT NULL,
  PRIMARY KEY (group_key, epoch)
) STRICT;

INSERT OR IGNORE INTO copied_tree (group_key, epoch, tree)
SELECT group_key, epoch, ratchet_tree FROM group_info WHERE ratchet_tree IS NOT NULL
UNION ALL
SELECT group_key, epoch, ratchet_tree FROM outbox WHERE ratchet_tree IS NOT NULL
UNION ALL
SELECT g.id, m.epoch, m.ratchet_tree FROM mailbox_entry m JOIN delivery_group g ON g.group_id = m.group_id
WHERE m.ratchet_tree IS NOT NULL;

INSERT INTO ratchet_tree (group_key, epoch, hash, size, kept_at_ms, welcomed)
SELECT group_key, epoch, sha256(tree), length(tree), unixepoch() * 1000, 1 FROM copied_tree;

INSERT INTO ratchet_tree_part (tree_key, part, bytes)
WITH RECURSIVE part (tree_key, part, bytes, size) AS (
  SELECT t.id, 0, substr(c.tree, 1, 65536), length(c.tree)
  FROM ratchet_tree t JOIN copied_tree c ON c.group_key = t.group_key AND c.epoch = t.epoch
  UNION ALL
  SELECT p.tree_key, p.part + 1, substr(c.tree, (p.part + 1) * 65536 + 1, 65536), p.size
  FROM part p JOIN ratchet_tree t ON t.id = p.tree_key
  JOIN copied_tree c ON c.group_key = t.group_key AND c.epoch = t.epoch
  WHERE (p.part + 1) * 65536 < p.size
)
SELECT tree_key, part, bytes FROM part;

DROP TABLE copied_tree;
ALTER TABLE group_info DROP COLUMN ratchet_tree;
ALTER TABLE outbox DROP COLUMN ratchet_tree;
ALTER TABLE mailbox_entry DROP COLUMN ratchet_tree;

CREATE TABLE ticket (
  group_key INTEGER NOT NULL REFERENCES delivery_group (id),
  token_hash BLOB NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  used INTEGER NOT NULL CHECK (used IN (0, 1)),
  PRIMARY KEY (group_key, token_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_by_expiry ON ticket (expires_at_ms);

CREATE TABLE receipt_key (
  id INTEGER PRIMARY KEY,
  kid TEXT NOT NULL UNIQUE,
  private_jwk TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;
