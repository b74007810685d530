-- Token buckets that are not full.
CREATE TABLE rate_limit (
  bucket BLOB PRIMARY KEY,
  tokens REAL NOT NULL,
  at_ms INTEGER NOT NULL,
  full_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX rate_limit_by_fullness ON rate_limit (full_at_ms);
