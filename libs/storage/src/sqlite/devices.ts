/**
 * Devices and their keys on SQLite; to be called inside a step of the registry.
 *
 * @module
 */
import type { DeviceQuery, EnrolledDevice, Issuance, Rotation } from '../registry.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, optionalInteger, smallInteger, text } from './row.ts';
import type { Row } from './row.ts';

const COLUMNS =
  'device, user, cipher_suite, signature_public_key, enrolled_at_ms, key_since_ms, revoked_at_ms';

/** Finds a device by its URI. */
export function findDevice(connection: SqliteConnection, device: string): EnrolledDevice | undefined {
  const row = connection.get(`SELECT ${COLUMNS} FROM device WHERE device = ?`, device);
  return row === undefined ? undefined : toDevice(row);
}

/** Lists a part of the devices of a user. */
export function listDevices(
  connection: SqliteConnection,
  { user, after, limit }: DeviceQuery,
): readonly EnrolledDevice[] {
  // The id of a device that the user does not have is NULL, and nothing comes after that.
  const start = after === undefined ? '' : 'AND id > (SELECT id FROM device WHERE user = ? AND device = ?)';
  const sql = `SELECT ${COLUMNS} FROM device WHERE user = ? ${start} ORDER BY id LIMIT ?`;
  const values = after === undefined ? [user] : [user, user, after];
  return Array.from(connection.iterate(sql, ...values, limit), toDevice);
}

/** Says whether a device has or had a key. */
export function isKnownKey(connection: SqliteConnection, signaturePublicKey: Uint8Array): boolean {
  const sql = 'SELECT 1 FROM device_key WHERE signature_public_key = ?';
  return connection.get(sql, signaturePublicKey) !== undefined;
}

/** Adds a device with its first key. */
export function addDevice(connection: SqliteConnection, device: EnrolledDevice): void {
  connection.run(
    `INSERT INTO device (device, user, cipher_suite, signature_public_key, enrolled_at_ms, key_since_ms)
     VALUES (?, ?, ?, ?, ?, ?)`,
    device.device,
    device.user,
    device.cipherSuite,
    device.signaturePublicKey,
    device.enrolledAtMs,
    device.keySinceMs,
  );
  addKey(connection, device);
}

/** Gives a device its next key. */
export function replaceKey(connection: SqliteConnection, rotation: Rotation): void {
  const { device, cipherSuite, signaturePublicKey, nowMs } = rotation;
  connection.run(
    'UPDATE device SET cipher_suite = ?, signature_public_key = ?, key_since_ms = ? WHERE device = ?',
    cipherSuite,
    signaturePublicKey,
    nowMs,
    device,
  );
  addKey(connection, rotation);
}

/** Takes note of until when something holds that is issued for a device. */
export function raiseKeepUntil(
  connection: SqliteConnection,
  { device, keepUntilMs }: Pick<Issuance, 'device' | 'keepUntilMs'>,
): void {
  const sql = 'UPDATE device SET keep_until_ms = max(keep_until_ms, ?) WHERE device = ?';
  connection.run(sql, keepUntilMs, device);
}

/** Reads until when something holds that was issued for a device. */
export function readKeepUntil(connection: SqliteConnection, device: string): number {
  const row = connection.get('SELECT keep_until_ms FROM device WHERE device = ?', device);
  return row === undefined ? 0 : smallInteger(row, 'keep_until_ms');
}

/** Marks a device as revoked. */
export function markRevoked(connection: SqliteConnection, device: string, nowMs: number): void {
  connection.run('UPDATE device SET revoked_at_ms = ? WHERE device = ?', nowMs, device);
}

function addKey(
  connection: SqliteConnection,
  { device, signaturePublicKey }: Pick<EnrolledDevice, 'device' | 'signaturePublicKey'>,
): void {
  const sql = 'INSERT INTO device_key (signature_public_key, device) VALUES (?, ?)';
  connection.run(sql, signaturePublicKey, device);
}

function toDevice(row: Row): EnrolledDevice {
  const revokedAtMs = optionalInteger(row, 'revoked_at_ms');
  return {
    device: text(row, 'device'),
    user: text(row, 'user'),
    cipherSuite: smallInteger(row, 'cipher_suite'),
    signaturePublicKey: bytes(row, 'signature_public_key'),
    enrolledAtMs: smallInteger(row, 'enrolled_at_ms'),
    keySinceMs: smallInteger(row, 'key_since_ms'),
    revokedAtMs: revokedAtMs === undefined ? undefined : Number(revokedAtMs),
  };
}
