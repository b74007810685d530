-- An ID token is evidence like a code.
ALTER TABLE enrolment_code RENAME TO evidence;
ALTER TABLE evidence RENAME COLUMN code_hash TO evidence_hash;

-- Whoever comes with a name from the identity provider first keeps it: providers may give a name to somebody else later.
CREATE TABLE name_owner (
  user TEXT PRIMARY KEY,
  subject TEXT NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE device ADD COLUMN key_since_ms INTEGER NOT NULL DEFAULT 0;
UPDATE device SET key_since_ms = enrolled_at_ms;

-- Every key that a device has or had: none of them ever enrols another one.
CREATE TABLE device_key (
  signature_public_key BLOB PRIMARY KEY,
  device TEXT NOT NULL REFERENCES device (device)
) STRICT, WITHOUT ROWID;

INSERT INTO device_key SELECT signature_public_key, device FROM device;

CREATE TABLE revoked_name (
  keep_until_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (keep_until_ms, kind, name)
) STRICT, WITHOUT ROWID;

-- A year: what attestations lived when these devices were revoked.
INSERT INTO revoked_name
  SELECT revoked_at_ms + 31536000000, 'device', device FROM device WHERE revoked_at_ms IS NOT NULL;

CREATE TABLE revocation_state (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  version INTEGER NOT NULL,
  list_number INTEGER NOT NULL,
  list_version INTEGER NOT NULL,
  list_jwt TEXT,
  list_renew_at_ms INTEGER NOT NULL
) STRICT;

INSERT INTO revocation_state VALUES (1, 1, 0, 0, NULL, 0);

-- A key of before signs for another 90 days and is published for a year more.
ALTER TABLE signing_key RENAME TO earlier_signing_key;

CREATE TABLE signing_key (
  id INTEGER PRIMARY KEY,
  kid TEXT NOT NULL UNIQUE,
  public_jwk TEXT NOT NULL,
  private_key TEXT,
  signs_from_ms INTEGER NOT NULL,
  signs_until_ms INTEGER NOT NULL,
  published_until_ms INTEGER NOT NULL
) STRICT;

INSERT INTO signing_key
  SELECT
    id,
    kid,
    json_object('kty', private_jwk ->> '$.kty', 'crv', private_jwk ->> '$.crv', 'x', private_jwk ->> '$.x'),
    private_jwk,
    created_at_ms,
    created_at_ms + 7776000000,
    created_at_ms + 39312000000
  FROM earlier_signing_key
  ORDER BY created_at_ms, id;

DROP TABLE earlier_signing_key;

CREATE TABLE trust_anchors (
  version INTEGER PRIMARY KEY,
  hash BLOB NOT NULL
) STRICT;
