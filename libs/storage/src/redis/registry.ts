/**
 * The registry on Redis.
 *
 * @module
 */
import { StorageError } from '../errors.ts';
import { EXPIRED_EVIDENCE_KEPT_MS } from '../registry.ts';
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
import { AuditTip } from './audit-tip.ts';
import type { RedisConnection } from './connection.ts';
import { registryKeys } from './registry-keys.ts';
import type { RegistryKeys } from './registry-keys.ts';
import {
  fromRevokedName,
  fromSigningKey,
  requireFields,
  toDevice,
  toEvidence,
  toFields,
  toInteger,
  toPublishedList,
  toRevokedName,
  toSigningKey,
} from './registry-replies.ts';
import { toBigInt, toBytes, toList, toRows, toText, unexpected } from './reply.ts';
import { loadScript } from './script.ts';

const PUT_EVIDENCE = loadScript('registry-put-evidence', 'registry-audit');
const PUT_CHALLENGE = loadScript('registry-put-challenge');
const CONSUME_CHALLENGE = loadScript('registry-consume-challenge');
const ENROL = loadScript('registry-enrol', 'registry-audit');
const ISSUE = loadScript('registry-issue', 'registry-audit');
const ROTATE = loadScript('registry-rotate', 'registry-audit');
const REVOKE = loadScript('registry-revoke', 'registry-audit');
const FIND = loadScript('registry-find');
const DEVICES_OF = loadScript('registry-devices-of');
const REVOKED_NAMES = loadScript('registry-revoked-names');
const REVOCATION_STATE = loadScript('registry-revocation-state');
const PUBLISH_LIST = loadScript('registry-publish-list');
const ADD_SIGNING_KEY = loadScript('registry-add-signing-key');
const SIGNING_KEYS = loadScript('registry-signing-keys');
const FORGET_SIGNING_KEY = loadScript('registry-forget-signing-key');
const TRUST_ANCHORS = loadScript('registry-trust-anchors');
const APPEND_AUDIT = loadScript('registry-append-audit', 'registry-audit');
const READ_AUDIT = loadScript('registry-read-audit');

/** For so long a challenge that has expired is kept: a late caller hears "expired" instead of "unknown". */
const EXPIRED_KEPT_MS = 600_000;
const HASH_LENGTH = 32;

/** The registry of one domain, in one slot of one Redis or of a cluster. */
export class RedisRegistry implements Registry {
  readonly #connection: RedisConnection;
  readonly #keys: RegistryKeys;
  readonly #tip: AuditTip;

  constructor(connection: RedisConnection, domain: string) {
    this.#connection = connection;
    this.#keys = registryKeys(domain);
    this.#tip = new AuditTip(connection, this.#keys.audit);
  }

  async putEvidence(evidence: NewEvidence): Promise<EvidenceOutcome> {
    const { evidenceHash, user, expiresAtMs, nowMs, subject = '', audit: entry } = evidence;
    const keptMs = Math.max(0, expiresAtMs - nowMs) + EXPIRED_EVIDENCE_KEPT_MS;
    const { outcome } = await this.#tip.record({
      script: PUT_EVIDENCE,
      keys: [this.#keys.evidence(evidenceHash), this.#keys.nameOwners],
      arguments: [user, String(expiresAtMs), subject, String(keptMs)],
      entry,
      recorded: 'created',
    });
    if (outcome === 'created' || outcome === 'exists' || outcome === 'otherSubject') return { outcome };
    throw unexpected();
  }

  async findEvidence(evidenceHash: Uint8Array): Promise<Evidence | undefined> {
    const [fields] = await this.#find([this.#keys.evidence(evidenceHash)]);
    return fields === undefined ? undefined : toEvidence(fields);
  }

  async putChallenge({ challenge, purpose, expiresAtMs, nowMs }: NewChallenge): Promise<void> {
    const keptMs = Math.max(0, expiresAtMs - nowMs) + EXPIRED_KEPT_MS;
    const call = { keys: [this.#keys.challenge(challenge)] };
    const values = [purpose, String(expiresAtMs), String(keptMs)];
    await this.#connection.run(PUT_CHALLENGE, { ...call, arguments: values });
  }

  async consumeChallenge({ challenge, purpose, nowMs }: ChallengeUse): Promise<ConsumeOutcome> {
    const call = { keys: [this.#keys.challenge(challenge)], arguments: [purpose, String(nowMs)] };
    const outcome = toText(await this.#connection.run(CONSUME_CHALLENGE, call));
    if (outcome === 'consumed' || outcome === 'challengeUnknown' || outcome === 'challengeExpired')
      return { outcome };
    throw unexpected();
  }

  async completeEnrolment(enrolment: Enrolment): Promise<EnrolmentOutcome> {
    // Whose evidence it is never changes: it may be read before the step.
    const evidence = await this.findEvidence(enrolment.evidenceHash);
    if (evidence === undefined) return { outcome: 'evidenceUnknown' };
    const { user } = evidence;
    const { outcome, reply } = await this.#enrol(user, enrolment);
    switch (outcome) {
      case 'enrolled':
        return { outcome, device: newDevice(user, enrolment) };
      case 'used':
        return this.#repeatedEnrolment(toText(reply[1]), enrolment);
      case 'evidenceUnknown':
      case 'evidenceExpired':
      case 'challengeUnknown':
      case 'challengeExpired':
      case 'keyInUse':
        return { outcome };
      default:
        throw unexpected();
    }
  }

  async findDevice(device: string): Promise<EnrolledDevice | undefined> {
    const [fields] = await this.#find([this.#keys.device(device)]);
    return fields === undefined ? undefined : toDevice(fields);
  }

  async devicesOf({ user, after = '', limit }: DeviceQuery): Promise<readonly EnrolledDevice[]> {
    if (limit <= 0) return [];
    const call = { keys: [this.#keys.devicesOf(user)], arguments: [after, String(limit)] };
    const names = toList(await this.#connection.run(DEVICES_OF, call)).map(toText);
    if (names.length === 0) return [];
    const found = await this.#find(names.map((name) => this.#keys.device(name)));
    return found.map((fields) => {
      if (fields === undefined) throw new StorageError('CORRUPT', 'a listed device without its record');
      return toDevice(fields);
    });
  }

  async recordIssuance(issuance: Issuance): Promise<IssuanceOutcome> {
    const { device, currentKey, keepUntilMs, audit: entry } = issuance;
    const { outcome, reply } = await this.#tip.record({
      script: ISSUE,
      keys: [this.#keys.device(device)],
      arguments: [currentKey, String(keepUntilMs)],
      entry,
      recorded: 'recorded',
    });
    if (outcome === 'otherKey') return { outcome };
    if (outcome !== 'recorded') throw unexpected();
    return { outcome, device: toDevice(requireFields(reply[1])) };
  }

  async rotateKey(rotation: Rotation): Promise<RotationOutcome> {
    const { device, currentKey, cipherSuite, signaturePublicKey, revoked, audit: entry } = rotation;
    const keys = this.#keys;
    const name = revoked === undefined ? '' : fromRevokedName(revoked);
    const times = [rotation.nowMs, rotation.keepUntilMs, revoked?.keepUntilMs ?? 0].map(String);
    const { outcome, reply } = await this.#tip.record({
      script: ROTATE,
      keys: [
        keys.device(device),
        keys.deviceByKey(signaturePublicKey),
        keys.revokedNames,
        keys.revocationVersion,
      ],
      arguments: [device, currentKey, String(cipherSuite), signaturePublicKey, name, ...times],
      entry,
      recorded: 'rotated',
    });
    if (outcome === 'otherKey' || outcome === 'keyInUse') return { outcome };
    if (outcome !== 'rotated') throw unexpected();
    return { outcome, device: toDevice(requireFields(reply[1])) };
  }

  async revokeDevice(revocation: Revocation): Promise<RevocationOutcome> {
    const { device: name, user, nowMs, keepUntilMs, audit: entry } = revocation;
    const keys = this.#keys;
    const revoked = fromRevokedName({ kind: 'device', name, keepUntilMs });
    const { outcome, reply } = await this.#tip.record({
      script: REVOKE,
      keys: [keys.device(name), keys.revokedNames, keys.revocationVersion],
      arguments: [user, String(nowMs), revoked, String(keepUntilMs)],
      entry,
      recorded: 'revoked',
    });
    if (outcome === 'unknownDevice') return { outcome };
    if (outcome !== 'revoked' && outcome !== 'alreadyRevoked') throw unexpected();
    return { outcome, revokedAtMs: toInteger(reply[1]) };
  }

  async revocationState(): Promise<RevocationState> {
    const keys = [this.#keys.revocationVersion, this.#keys.revocationList];
    const reply = await this.#connection.run(REVOCATION_STATE, { keys, arguments: [] });
    const [version, ...list] = toList(reply);
    // One as on SQLite, before anything was revoked.
    return { version: toBigInt(version) + 1n, list: toPublishedList(list) };
  }

  async revokedNames({ nowMs, after, limit }: RevokedQuery): Promise<readonly RevokedName[]> {
    if (limit <= 0) return [];
    const start = after === undefined ? '' : fromRevokedName(after);
    const call = { keys: [this.#keys.revokedNames], arguments: [String(nowMs), start, String(limit)] };
    return toRows(await this.#connection.run(REVOKED_NAMES, call), 2).map(toRevokedName);
  }

  async publishRevocationList(
    list: PublishedList,
    after: number,
  ): Promise<{ readonly outcome: 'published' | 'superseded' }> {
    const { number, version, jwt, renewAtMs } = list;
    const values = [after, number, version, jwt, renewAtMs].map(String);
    const call = { keys: [this.#keys.revocationList], arguments: values };
    const outcome = toText(await this.#connection.run(PUBLISH_LIST, call));
    if (outcome === 'published' || outcome === 'superseded') return { outcome };
    throw unexpected();
  }

  async addSigningKey(
    offered: SigningKey,
    after: string | undefined,
  ): Promise<{ readonly outcome: 'added' | 'superseded' }> {
    const { kid, privateKey } = offered;
    const values = [after ?? '', kid, fromSigningKey(offered), privateKey ?? ''];
    const call = { keys: this.#signingKeyKeys, arguments: values };
    const outcome = toText(await this.#connection.run(ADD_SIGNING_KEY, call));
    if (outcome === 'added' || outcome === 'superseded') return { outcome };
    throw unexpected();
  }

  async signingKeys(): Promise<readonly SigningKey[]> {
    const call = { keys: this.#signingKeyKeys, arguments: [] };
    return toRows(await this.#connection.run(SIGNING_KEYS, call), 2).map(toSigningKey);
  }

  async retireSigningKey(kid: string): Promise<void> {
    await this.#connection.run(FORGET_SIGNING_KEY, { keys: this.#signingKeyKeys, arguments: [kid, '0'] });
  }

  async dropSigningKey(kid: string): Promise<void> {
    await this.#connection.run(FORGET_SIGNING_KEY, { keys: this.#signingKeyKeys, arguments: [kid, '1'] });
  }

  async versionOfTrustAnchors(hash: Uint8Array): Promise<bigint> {
    const call = { keys: [this.#keys.trustAnchors], arguments: [hash] };
    return toBigInt(await this.#connection.run(TRUST_ANCHORS, call));
  }

  async appendAudit(entry: Uint8Array): Promise<AuditRecord> {
    const step = { script: APPEND_AUDIT, keys: [], arguments: [], entry, recorded: 'appended' };
    return (await this.#tip.record(step)).record;
  }

  async readAudit(afterSequence: bigint, limit: number): Promise<readonly AuditRecord[]> {
    if (limit <= 0 || afterSequence > BigInt(Number.MAX_SAFE_INTEGER)) return [];
    const range = [afterSequence, afterSequence + BigInt(limit) - 1n].map(String);
    const reply = await this.#connection.run(READ_AUDIT, { keys: [this.#keys.audit], arguments: range });
    return toList(reply).map((element, i) => {
      const bytes = toBytes(element);
      const [hash, entry] = [bytes.slice(0, HASH_LENGTH), bytes.slice(HASH_LENGTH)];
      return { sequence: afterSequence + BigInt(i) + 1n, entry, hash };
    });
  }

  get #signingKeyKeys(): readonly string[] {
    return [this.#keys.signingKeyOrder, this.#keys.signingKeys, this.#keys.signingKeySecrets];
  }

  async #find(keys: readonly string[]): Promise<readonly ReturnType<typeof toFields>[]> {
    return toList(await this.#connection.run(FIND, { keys, arguments: [] })).map(toFields);
  }

  #enrol(user: string, enrolment: Enrolment): ReturnType<AuditTip['record']> {
    const { evidenceHash, challenge, challengePurpose, audit: entry } = enrolment;
    const { device, cipherSuite, signaturePublicKey } = enrolment;
    const [now, keepUntil] = [String(enrolment.nowMs), String(enrolment.keepUntilMs)];
    const keys = this.#keys;
    return this.#tip.record({
      script: ENROL,
      keys: [
        keys.evidence(evidenceHash),
        keys.challenge(challenge),
        keys.device(device),
        keys.deviceByKey(signaturePublicKey),
        keys.devicesOf(user),
      ],
      arguments: [now, challengePurpose, device, String(cipherSuite), signaturePublicKey, user, keepUntil],
      entry,
      recorded: 'enrolled',
    });
  }

  /** Which device used evidence never changes, and one that has another key by now is refused alike. */
  async #repeatedEnrolment(usedBy: string, enrolment: Enrolment): Promise<EnrolmentOutcome> {
    const device = await this.findDevice(usedBy);
    if (device === undefined) throw new StorageError('CORRUPT', 'used evidence without its device');
    const sameKey =
      device.cipherSuite === enrolment.cipherSuite &&
      Buffer.compare(device.signaturePublicKey, enrolment.signaturePublicKey) === 0;
    return sameKey ? { outcome: 'alreadyEnrolled', device } : { outcome: 'evidenceUsed' };
  }
}

function newDevice(user: string, enrolment: Enrolment): EnrolledDevice {
  const { device, cipherSuite, signaturePublicKey, nowMs } = enrolment;
  const times = { enrolledAtMs: nowMs, keySinceMs: nowMs, revokedAtMs: undefined };
  return { device, user, cipherSuite, signaturePublicKey, ...times };
}
