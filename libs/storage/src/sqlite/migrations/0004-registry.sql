CREATE TABLE enrolment_code (
  code_hash BLOB PRIMARY KEY,
  user TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  used_by TEXT REFERENCES device (device)
) STRICT, WITHOUT ROWID;

CREATE TABLE challenge (
  challenge BLOB PRIMARY KEY,
  purpose TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX challenge_by_expiry ON challenge (expires_at_ms);

CREATE TABLE device (
  id INTEGER PRIMARY KEY,
  device TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL,
  cipher_suite INTEGER NOT NULL,
  signature_public_key BLOB NOT NULL UNIQUE,
  enrolled_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER
) STRICT;

CREATE INDEX device_by_user ON device (user, id);

CREATE TABLE signing_key (
  id INTEGER PRIMARY KEY,
  kid TEXT NOT NULL UNIQUE,
  private_jwk TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_log (
  sequence INTEGER PRIMARY KEY,
  entry BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT;

CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_log_is_not_shortened BEFORE DELETE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
