/**
 * Typed reading of what the registry's scripts answer.
 *
 * @module
 */
import type { EnrolledDevice, Evidence, PublishedList, RevokedName, SigningKey } from '../registry.ts';
import { toBigInt, toBytes, toList, toText, unexpected } from './reply.ts';

/** The fields of a record by name. */
type Fields = ReadonlyMap<string, unknown>;

/** Reads a record; undefined when it is not there. */
export function toFields(reply: unknown): Fields | undefined {
  const flat = toList(reply);
  if (flat.length === 0) return undefined;
  const fields = new Map<string, unknown>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(toText(flat[i]), flat[i + 1]);
  return fields;
}

/** Reads a record that has to be there. */
export function requireFields(reply: unknown): Fields {
  const fields = toFields(reply);
  if (fields === undefined) throw unexpected();
  return fields;
}

/** Reads a time or a count. */
export function toInteger(reply: unknown): number {
  return Number(toBigInt(reply));
}

/** Reads what is known of evidence. */
export function toEvidence(fields: Fields): Evidence {
  const usedBy = fields.get('usedBy');
  return {
    user: toText(fields.get('user')),
    expiresAtMs: toInteger(fields.get('expiresAt')),
    usedBy: usedBy === undefined ? undefined : toText(usedBy),
  };
}

/** Reads a device. */
export function toDevice(fields: Fields): EnrolledDevice {
  const revokedAt = fields.get('revokedAt');
  return {
    device: toText(fields.get('device')),
    user: toText(fields.get('user')),
    cipherSuite: toInteger(fields.get('suite')),
    signaturePublicKey: toBytes(fields.get('key')),
    enrolledAtMs: toInteger(fields.get('enrolledAt')),
    keySinceMs: toInteger(fields.get('keySince')),
    revokedAtMs: revokedAt === undefined ? undefined : toInteger(revokedAt),
  };
}

/** Writes what the revocation list names, as one text. */
export function fromRevokedName({ kind, name }: RevokedName): string {
  return `${kind} ${name}`;
}

/** Reads what the revocation list names. */
export function toRevokedName([member, keepUntil]: readonly unknown[]): RevokedName {
  const [kind, name] = toText(member).split(' ', 2);
  if ((kind !== 'device' && kind !== 'key') || name === undefined) throw unexpected();
  return { kind, name, keepUntilMs: toInteger(keepUntil) };
}

/** Reads the newest revocation list; undefined when there is none. */
export function toPublishedList([number, version, jwt, renewAt]: readonly unknown[]):
  PublishedList | undefined {
  if (number === undefined) return undefined;
  return {
    number: toInteger(number),
    version: toBigInt(version),
    jwt: toText(jwt),
    renewAtMs: toInteger(renewAt),
  };
}

/** Writes what may be published of a signing key. */
export function fromSigningKey(key: SigningKey): string {
  const { kid, publicJwk, signsFromMs, signsUntilMs, publishedUntilMs } = key;
  return JSON.stringify([kid, publicJwk, signsFromMs, signsUntilMs, publishedUntilMs]);
}

/** Reads a signing key. */
export function toSigningKey([published, privateKey]: readonly unknown[]): SigningKey {
  const [kid, publicJwk, ...times]: readonly unknown[] = JSON.parse(toText(published));
  const [signsFromMs, signsUntilMs, publishedUntilMs] = times.map(requireNumber);
  if (typeof kid !== 'string' || typeof publicJwk !== 'string') throw unexpected();
  if (signsFromMs === undefined || signsUntilMs === undefined || publishedUntilMs === undefined)
    throw unexpected();
  return {
    kid,
    publicJwk,
    privateKey: privateKey === null ? undefined : toText(privateKey),
    signsFromMs,
    signsUntilMs,
    publishedUntilMs,
  };
}

function requireNumber(value: unknown): number {
  if (typeof value !== 'number') throw unexpected();
  return value;
}
