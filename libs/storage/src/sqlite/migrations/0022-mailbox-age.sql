-- When the entries from before were delivered is not known: for retention they are as old as this migration.
ALTER TABLE mailbox_entry ADD COLUMN delivered_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE mailbox_entry SET delivered_at_ms = unixepoch() * 1000;
CREATE INDEX mailbox_entry_by_age ON mailbox_entry (delivered_at_ms);
