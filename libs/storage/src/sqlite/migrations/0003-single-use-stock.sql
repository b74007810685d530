CREATE TABLE stock_device (
  id INTEGER PRIMARY KEY,
  device TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL
) STRICT;

CREATE INDEX stock_device_by_user ON stock_device (user, device);

CREATE TABLE stock_item (
  device_key INTEGER NOT NULL REFERENCES stock_device (id),
  ref BLOB NOT NULL,
  cipher_suite INTEGER NOT NULL,
  last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
  not_after_ms INTEGER NOT NULL,
  key_package BLOB NOT NULL,
  PRIMARY KEY (device_key, ref)
) STRICT;

CREATE INDEX stock_item_by_expiry ON stock_item (device_key, cipher_suite, last_resort, not_after_ms, ref);
CREATE UNIQUE INDEX one_last_resort_per_suite ON stock_item (device_key, cipher_suite) WHERE last_resort = 1;

CREATE TABLE stock_consumed (
  device_key INTEGER NOT NULL REFERENCES stock_device (id),
  ref BLOB NOT NULL,
  not_after_ms INTEGER NOT NULL,
  PRIMARY KEY (device_key, ref)
) STRICT, WITHOUT ROWID;

CREATE INDEX stock_consumed_by_expiry ON stock_consumed (device_key, not_after_ms);

-- Answers given, for those who ask again.
CREATE TABLE stock_claim (
  device_key INTEGER NOT NULL REFERENCES stock_device (id),
  caller TEXT NOT NULL,
  request_id BLOB NOT NULL,
  cipher_suite INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
  key_package BLOB NOT NULL,
  PRIMARY KEY (device_key, caller, request_id, cipher_suite)
) STRICT;

CREATE INDEX stock_claim_by_expiry ON stock_claim (device_key, expires_at_ms);
