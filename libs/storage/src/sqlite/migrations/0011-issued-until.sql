-- Until when a revocation list has to name a device that is revoked, or its key: nothing that was issued for it holds longer.
ALTER TABLE device ADD COLUMN keep_until_ms INTEGER NOT NULL DEFAULT 0;

-- A year and an hour from now: what was issued until now with the usual lifetimes ends before.
UPDATE device SET keep_until_ms = unixepoch() * 1000 + 31539600000;

-- Evidence that nobody used is forgotten some time after it has expired.
CREATE INDEX evidence_unused ON evidence (expires_at_ms) WHERE used_by IS NULL;
