/**
 * The registry on SQLite.
 *
 * @module
 */
import type {
  AuditRecord,
  ChallengeUse,
  ConsumeOutcome,
  DeviceQuery,
  EnrolledDevice,
  Enrolment,
  EnrolmentOutcome,
  Evidence,
  EvidenceOutcome,
  Issuance,
  IssuanceOutcome,
  NewChallenge,
  NewEvidence,
  PublishedList,
  Registry,
  Revocation,
  RevocationOutcome,
  RevocationState,
  RevokedName,
  RevokedQuery,
  Rotation,
  RotationOutcome,
  SigningKey,
} from '../registry.ts';
import { StorageError } from '../errors.ts';
import { appendAuditEntry, readAuditEntries } from './audit-log.ts';
import { dropChallenge, judgeChallenge, keepChallenge } from './challenges.ts';
import type { SqliteConnection } from './connection.ts';
import {
  addDevice,
  findDevice,
  isKnownKey,
  listDevices,
  markRevoked,
  raiseKeepUntil,
  readKeepUntil,
  replaceKey,
} from './devices.ts';
import { findEvidence, keepEvidence, ownsName, useEvidence } from './evidence.ts';
import { addRevokedName, keepRevocationList, listRevokedNames, readRevocationState } from './revocations.ts';
import { bytes, integer } from './row.ts';
import { keepSigningKey, listSigningKeys } from './signing-keys.ts';

/** Evidence, challenges, devices, revocations, signing keys and audit log in one SQLite file. */
export class SqliteRegistry implements Registry {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async putEvidence(evidence: NewEvidence): Promise<EvidenceOutcome> {
    return this.#connection.commit(() => {
      if (!ownsName(this.#connection, evidence)) return { outcome: 'otherSubject' };
      if (!keepEvidence(this.#connection, evidence)) return { outcome: 'exists' };
      appendAuditEntry(this.#connection, evidence.audit);
      return { outcome: 'created' };
    });
  }

  async findEvidence(evidenceHash: Uint8Array): Promise<Evidence | undefined> {
    return this.#connection.read(() => findEvidence(this.#connection, evidenceHash));
  }

  async putChallenge(challenge: NewChallenge): Promise<void> {
    await this.#connection.commit(() => keepChallenge(this.#connection, challenge));
  }

  async consumeChallenge(use: ChallengeUse): Promise<ConsumeOutcome> {
    return this.#connection.commit(() => {
      const outcome = judgeChallenge(this.#connection, use);
      if (outcome !== 'challengeUnknown') dropChallenge(this.#connection, use.challenge);
      return { outcome };
    });
  }

  async completeEnrolment(enrolment: Enrolment): Promise<EnrolmentOutcome> {
    return this.#connection.commit((): EnrolmentOutcome => {
      const evidence = findEvidence(this.#connection, enrolment.evidenceHash);
      if (evidence === undefined) return { outcome: 'evidenceUnknown' };
      if (evidence.usedBy !== undefined) return this.#repeatedEnrolment(evidence.usedBy, enrolment);
      if (evidence.expiresAtMs < enrolment.nowMs) return { outcome: 'evidenceExpired' };
      const { challenge, challengePurpose: purpose, nowMs } = enrolment;
      const judged = judgeChallenge(this.#connection, { challenge, purpose, nowMs });
      if (judged !== 'consumed') return { outcome: judged };
      if (isKnownKey(this.#connection, enrolment.signaturePublicKey)) return { outcome: 'keyInUse' };
      return { outcome: 'enrolled', device: this.#enrol(evidence.user, enrolment) };
    });
  }

  async findDevice(device: string): Promise<EnrolledDevice | undefined> {
    return this.#connection.read(() => findDevice(this.#connection, device));
  }

  async devicesOf(query: DeviceQuery): Promise<readonly EnrolledDevice[]> {
    return this.#connection.read(() => listDevices(this.#connection, query));
  }

  async recordIssuance(issuance: Issuance): Promise<IssuanceOutcome> {
    return this.#connection.commit((): IssuanceOutcome => {
      const device = this.#findCurrent(issuance);
      if (device === undefined) return { outcome: 'otherKey' };
      raiseKeepUntil(this.#connection, issuance);
      appendAuditEntry(this.#connection, issuance.audit);
      return { outcome: 'recorded', device };
    });
  }

  async rotateKey(rotation: Rotation): Promise<RotationOutcome> {
    return this.#connection.commit((): RotationOutcome => {
      const known = this.#findCurrent(rotation);
      if (known === undefined) return { outcome: 'otherKey' };
      if (isKnownKey(this.#connection, rotation.signaturePublicKey)) return { outcome: 'keyInUse' };
      if (rotation.revoked !== undefined) this.#addRevokedName(rotation.device, rotation.revoked);
      replaceKey(this.#connection, rotation);
      raiseKeepUntil(this.#connection, rotation);
      appendAuditEntry(this.#connection, rotation.audit);
      const { cipherSuite, signaturePublicKey, nowMs: keySinceMs } = rotation;
      return { outcome: 'rotated', device: { ...known, cipherSuite, signaturePublicKey, keySinceMs } };
    });
  }

  async revokeDevice(revocation: Revocation): Promise<RevocationOutcome> {
    const { device: name, user, nowMs, keepUntilMs } = revocation;
    return this.#connection.commit((): RevocationOutcome => {
      const known = findDevice(this.#connection, name);
      if (known === undefined || known.user !== user) return { outcome: 'unknownDevice' };
      const { revokedAtMs } = known;
      if (revokedAtMs !== undefined) return { outcome: 'alreadyRevoked', revokedAtMs };
      markRevoked(this.#connection, name, nowMs);
      this.#addRevokedName(name, { kind: 'device', name, keepUntilMs });
      appendAuditEntry(this.#connection, revocation.audit);
      return { outcome: 'revoked', revokedAtMs: nowMs };
    });
  }

  async revocationState(): Promise<RevocationState> {
    return this.#connection.read(() => readRevocationState(this.#connection));
  }

  async revokedNames(query: RevokedQuery): Promise<readonly RevokedName[]> {
    return this.#connection.read(() => listRevokedNames(this.#connection, query));
  }

  async publishRevocationList(
    list: PublishedList,
    after: number,
  ): Promise<{ readonly outcome: 'published' | 'superseded' }> {
    return this.#connection.commit(() => {
      const newest = readRevocationState(this.#connection).list?.number ?? 0;
      if (newest !== after) return { outcome: 'superseded' };
      keepRevocationList(this.#connection, list);
      return { outcome: 'published' };
    });
  }

  async addSigningKey(
    offered: SigningKey,
    after: string | undefined,
  ): Promise<{ readonly outcome: 'added' | 'superseded' }> {
    return this.#connection.commit(() => {
      const [newest] = listSigningKeys(this.#connection);
      if (newest?.kid !== after) return { outcome: 'superseded' };
      keepSigningKey(this.#connection, offered);
      return { outcome: 'added' };
    });
  }

  async signingKeys(): Promise<readonly SigningKey[]> {
    return this.#connection.read(() => listSigningKeys(this.#connection));
  }

  async retireSigningKey(kid: string): Promise<void> {
    await this.#connection.commit(() => {
      this.#connection.run('UPDATE signing_key SET private_key = NULL WHERE kid = ?', kid);
    });
  }

  async dropSigningKey(kid: string): Promise<void> {
    await this.#connection.commit(() => {
      this.#connection.run('DELETE FROM signing_key WHERE kid = ?', kid);
    });
  }

  async versionOfTrustAnchors(hash: Uint8Array): Promise<bigint> {
    return this.#connection.commit(() => {
      const newest = this.#connection.get(
        'SELECT version, hash FROM trust_anchors ORDER BY version DESC LIMIT 1',
      );
      const version = newest === undefined ? 0n : integer(newest, 'version');
      if (newest !== undefined && sameBytes(bytes(newest, 'hash'), hash)) return version;
      this.#connection.run('INSERT INTO trust_anchors (version, hash) VALUES (?, ?)', version + 1n, hash);
      return version + 1n;
    });
  }

  async appendAudit(entry: Uint8Array): Promise<AuditRecord> {
    return this.#connection.commit(() => appendAuditEntry(this.#connection, entry));
  }

  async readAudit(afterSequence: bigint, limit: number): Promise<readonly AuditRecord[]> {
    return this.#connection.read(() => readAuditEntries(this.#connection, afterSequence, limit));
  }

  /** Finds a device that has the key, and is not revoked. */
  #findCurrent({ device, currentKey }: Pick<Issuance, 'device' | 'currentKey'>): EnrolledDevice | undefined {
    const known = findDevice(this.#connection, device);
    if (known === undefined || known.revokedAtMs !== undefined) return undefined;
    return sameBytes(known.signaturePublicKey, currentKey) ? known : undefined;
  }

  /** Names something of a device for as long as what was issued for it, whatever the lifetimes are by now. */
  #addRevokedName(device: string, revoked: RevokedName): void {
    const keepUntilMs = Math.max(revoked.keepUntilMs, readKeepUntil(this.#connection, device));
    addRevokedName(this.#connection, { ...revoked, keepUntilMs });
  }

  #repeatedEnrolment(usedBy: string, enrolment: Enrolment): EnrolmentOutcome {
    const device = findDevice(this.#connection, usedBy);
    if (device === undefined) throw new StorageError('CORRUPT', 'used evidence without its device');
    const sameKey =
      device.cipherSuite === enrolment.cipherSuite &&
      sameBytes(device.signaturePublicKey, enrolment.signaturePublicKey);
    return sameKey ? { outcome: 'alreadyEnrolled', device } : { outcome: 'evidenceUsed' };
  }

  #enrol(user: string, enrolment: Enrolment): EnrolledDevice {
    const { device: name, cipherSuite, signaturePublicKey, nowMs } = enrolment;
    const times = { enrolledAtMs: nowMs, keySinceMs: nowMs, revokedAtMs: undefined };
    const device = { device: name, user, cipherSuite, signaturePublicKey, ...times };
    addDevice(this.#connection, device);
    raiseKeepUntil(this.#connection, enrolment);
    useEvidence(this.#connection, enrolment.evidenceHash, name);
    dropChallenge(this.#connection, enrolment.challenge);
    appendAuditEntry(this.#connection, enrolment.audit);
    return device;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
