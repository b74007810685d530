/**
 * The registry on SQLite.
 *
 * @module
 */
import type {
  AuditRecord,
  ChallengeUse,
  ConsumeOutcome,
  EnrolledDevice,
  Enrolment,
  EnrolmentCode,
  EnrolmentOutcome,
  NewChallenge,
  NewEnrolmentCode,
  Registry,
  Revocation,
  RevocationOutcome,
  SigningKey,
} from '../registry.ts';
import { StorageError } from '../errors.ts';
import { appendAuditEntry, readAuditEntries } from './audit-log.ts';
import { dropChallenge, judgeChallenge, keepChallenge } from './challenges.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, optionalInteger, smallInteger, text } from './row.ts';
import type { Row } from './row.ts';

const DEVICE_COLUMNS = 'device, user, cipher_suite, signature_public_key, enrolled_at_ms, revoked_at_ms';

/** Codes, challenges, devices, signing keys and audit log in one SQLite file. */
export class SqliteRegistry implements Registry {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async createEnrolmentCode(code: NewEnrolmentCode): Promise<{ readonly outcome: 'created' | 'exists' }> {
    return this.#connection.write(() => {
      const created = this.#connection.run(
        'INSERT OR IGNORE INTO enrolment_code (code_hash, user, expires_at_ms) VALUES (?, ?, ?)',
        code.codeHash,
        code.user,
        code.expiresAtMs,
      );
      if (created === 0) return { outcome: 'exists' };
      appendAuditEntry(this.#connection, code.audit);
      return { outcome: 'created' };
    });
  }

  async findEnrolmentCode(codeHash: Uint8Array): Promise<EnrolmentCode | undefined> {
    return this.#connection.read(() => this.#findCode(codeHash));
  }

  async putChallenge(challenge: NewChallenge): Promise<void> {
    this.#connection.write(() => keepChallenge(this.#connection, challenge));
  }

  async consumeChallenge(use: ChallengeUse): Promise<ConsumeOutcome> {
    return this.#connection.write(() => {
      const outcome = judgeChallenge(this.#connection, use);
      if (outcome !== 'challengeUnknown') dropChallenge(this.#connection, use.challenge);
      return { outcome };
    });
  }

  async completeEnrolment(enrolment: Enrolment): Promise<EnrolmentOutcome> {
    return this.#connection.write((): EnrolmentOutcome => {
      const code = this.#findCode(enrolment.codeHash);
      if (code === undefined) return { outcome: 'codeUnknown' };
      if (code.usedBy !== undefined) return this.#repeatedEnrolment(code.usedBy, enrolment);
      if (code.expiresAtMs < enrolment.nowMs) return { outcome: 'codeExpired' };
      const { challenge, challengePurpose: purpose, nowMs } = enrolment;
      const judged = judgeChallenge(this.#connection, { challenge, purpose, nowMs });
      if (judged !== 'consumed') return { outcome: judged };
      if (this.#findByKey(enrolment.signaturePublicKey) !== undefined) return { outcome: 'keyInUse' };
      return { outcome: 'enrolled', device: this.#enrol(code.user, enrolment) };
    });
  }

  async findDevice(device: string): Promise<EnrolledDevice | undefined> {
    return this.#connection.read(() => this.#findByUri(device));
  }

  async findDeviceByKey(signaturePublicKey: Uint8Array): Promise<EnrolledDevice | undefined> {
    return this.#connection.read(() => this.#findByKey(signaturePublicKey));
  }

  async devicesOf(user: string, limit: number): Promise<readonly EnrolledDevice[]> {
    return this.#connection.read(() => {
      const sql = `SELECT ${DEVICE_COLUMNS} FROM device WHERE user = ? ORDER BY id LIMIT ?`;
      return Array.from(this.#connection.iterate(sql, user, limit), toDevice);
    });
  }

  async revokeDevice({ device, user, nowMs, audit }: Revocation): Promise<RevocationOutcome> {
    return this.#connection.write((): RevocationOutcome => {
      const known = this.#findByUri(device);
      if (known === undefined || known.user !== user) return { outcome: 'unknownDevice' };
      if (known.revokedAtMs !== undefined)
        return { outcome: 'alreadyRevoked', revokedAtMs: known.revokedAtMs };
      this.#connection.run('UPDATE device SET revoked_at_ms = ? WHERE device = ?', nowMs, device);
      appendAuditEntry(this.#connection, audit);
      return { outcome: 'revoked', revokedAtMs: nowMs };
    });
  }

  async ensureSigningKey(offered: SigningKey): Promise<SigningKey> {
    return this.#connection.write(() => {
      const [newest] = this.#signingKeys();
      if (newest !== undefined) return newest;
      this.#connection.run(
        'INSERT INTO signing_key (kid, private_jwk, created_at_ms) VALUES (?, ?, ?)',
        offered.kid,
        offered.privateJwk,
        offered.createdAtMs,
      );
      return offered;
    });
  }

  async signingKeys(): Promise<readonly SigningKey[]> {
    return this.#connection.read(() => this.#signingKeys());
  }

  async appendAudit(entry: Uint8Array): Promise<AuditRecord> {
    return this.#connection.write(() => appendAuditEntry(this.#connection, entry));
  }

  async readAudit(afterSequence: bigint, limit: number): Promise<readonly AuditRecord[]> {
    return this.#connection.read(() => readAuditEntries(this.#connection, afterSequence, limit));
  }

  #findCode(codeHash: Uint8Array): EnrolmentCode | undefined {
    const row = this.#connection.get(
      'SELECT user, expires_at_ms, used_by FROM enrolment_code WHERE code_hash = ?',
      codeHash,
    );
    if (row === undefined) return undefined;
    return {
      user: text(row, 'user'),
      expiresAtMs: smallInteger(row, 'expires_at_ms'),
      usedBy: row['used_by'] === null ? undefined : text(row, 'used_by'),
    };
  }

  #repeatedEnrolment(usedBy: string, enrolment: Enrolment): EnrolmentOutcome {
    const device = this.#findByUri(usedBy);
    if (device === undefined) throw new StorageError('CORRUPT', 'an enrolment code without its device');
    const sameKey =
      device.cipherSuite === enrolment.cipherSuite &&
      Buffer.compare(device.signaturePublicKey, enrolment.signaturePublicKey) === 0;
    return sameKey ? { outcome: 'alreadyEnrolled', device } : { outcome: 'codeUsed' };
  }

  #findByUri(device: string): EnrolledDevice | undefined {
    const row = this.#connection.get(`SELECT ${DEVICE_COLUMNS} FROM device WHERE device = ?`, device);
    return row === undefined ? undefined : toDevice(row);
  }

  #findByKey(signaturePublicKey: Uint8Array): EnrolledDevice | undefined {
    const sql = `SELECT ${DEVICE_COLUMNS} FROM device WHERE signature_public_key = ?`;
    const row = this.#connection.get(sql, signaturePublicKey);
    return row === undefined ? undefined : toDevice(row);
  }

  #enrol(user: string, enrolment: Enrolment): EnrolledDevice {
    const { device, cipherSuite, signaturePublicKey, nowMs } = enrolment;
    this.#connection.run(
      `INSERT INTO device (device, user, cipher_suite, signature_public_key, enrolled_at_ms)
       VALUES (?, ?, ?, ?, ?)`,
      device,
      user,
      cipherSuite,
      signaturePublicKey,
      nowMs,
    );
    this.#connection.run(
      'UPDATE enrolment_code SET used_by = ? WHERE code_hash = ?',
      device,
      enrolment.codeHash,
    );
    dropChallenge(this.#connection, enrolment.challenge);
    appendAuditEntry(this.#connection, enrolment.audit);
    return { device, user, cipherSuite, signaturePublicKey, enrolledAtMs: nowMs, revokedAtMs: undefined };
  }

  #signingKeys(): readonly SigningKey[] {
    const sql =
      'SELECT kid, private_jwk, created_at_ms FROM signing_key ORDER BY created_at_ms DESC, id DESC';
    return Array.from(this.#connection.iterate(sql), toSigningKey);
  }
}

function toDevice(row: Row): EnrolledDevice {
  const revokedAtMs = optionalInteger(row, 'revoked_at_ms');
  return {
    device: text(row, 'device'),
    user: text(row, 'user'),
    cipherSuite: smallInteger(row, 'cipher_suite'),
    signaturePublicKey: bytes(row, 'signature_public_key'),
    enrolledAtMs: smallInteger(row, 'enrolled_at_ms'),
    revokedAtMs: revokedAtMs === undefined ? undefined : Number(revokedAtMs),
  };
}

function toSigningKey(row: Row): SigningKey {
  return {
    kid: text(row, 'kid'),
    privateJwk: text(row, 'private_jwk'),
    createdAtMs: smallInteger(row, 'created_at_ms'),
  };
}
