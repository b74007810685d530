-- What was published before has no capabilities on record: it is withdrawn, and its devices publish anew.
INSERT INTO stock_consumed (device_key, ref, not_after_ms) SELECT device_key, ref, not_after_ms FROM stock_item;
DROP TABLE stock_item;
DROP TABLE stock_claim;

ALTER TABLE stock_device ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1));
-- Grows with each change of the stock, for those who watch it from another connection.
ALTER TABLE stock_device ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;

-- Sets of capabilities; those without items are removed.
CREATE TABLE stock_capabilities (
  id INTEGER PRIMARY KEY,
  device_key INTEGER NOT NULL REFERENCES stock_device (id),
  cipher_suite INTEGER NOT NULL,
  capabilities TEXT NOT NULL,
  UNIQUE (device_key, cipher_suite, capabilities)
) STRICT;

CREATE TABLE stock_item (
  device_key INTEGER NOT NULL REFERENCES stock_device (id),
  ref BLOB NOT NULL,
  cipher_suite INTEGER NOT NULL,
  capabilities_key INTEGER NOT NULL REFERENCES stock_capabilities (id),
  signature_key BLOB NOT NULL,
  last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
  uses INTEGER NOT NULL DEFAULT 0,
  not_after_ms INTEGER NOT NULL,
  key_package BLOB NOT NULL,
  PRIMARY KEY (device_key, ref)
) STRICT;

CREATE INDEX stock_item_by_capabilities ON stock_item (capabilities_key, last_resort, not_after_ms, ref);
CREATE INDEX stock_item_by_expiry ON stock_item (device_key, not_after_ms);
CREATE UNIQUE INDEX one_last_resort_per_suite ON stock_item (device_key, cipher_suite) WHERE last_resort = 1;

-- Answers given, for those who ask again. What makes a claim the same is hashed into its name.
CREATE TABLE stock_claim (
  device_key INTEGER NOT NULL REFERENCES stock_device (id),
  claim BLOB NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
  key_package BLOB NOT NULL,
  PRIMARY KEY (device_key, claim)
) STRICT;

CREATE INDEX stock_claim_by_expiry ON stock_claim (device_key, expires_at_ms);

CREATE TABLE stock_consumption (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  device_key INTEGER NOT NULL REFERENCES stock_device (id),
  caller TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  ref BLOB NOT NULL,
  cipher_suite INTEGER NOT NULL,
  last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1))
) STRICT;

CREATE INDEX stock_consumption_by_device ON stock_consumption (device_key, sequence);
