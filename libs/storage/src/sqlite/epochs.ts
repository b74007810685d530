/**
 * Groups and their epochs on SQLite: where a group stands, which key opens which epoch, and how each one ended. To be called
 * inside a step of the group log.
 *
 * @module
 */
import type { EpochAccess, EpochEnd, LogMark, NewGroup } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, integer, optionalInteger, smallInteger, text, toInteger } from './row.ts';
import type { Row } from './row.ts';

/** The row of a group that every append compares with and moves on. */
export interface Head {
  readonly key: bigint;
  readonly cipherSuite: number;
  readonly epoch: bigint;
  readonly lastSequence: bigint;
  readonly quarantinedUntil: LogMark | undefined;
  /** The last entry that was put back after a loss; 0 when there never was one. */
  readonly restoredSequence: bigint;
}

const EPOCH_COLUMNS = `e.epoch, e.access_key, e.ended_by_sequence, e.commit_hash, e.accepted_at_ms, e.previous_receipt_hash,
  e.key_id, n.access_key AS next_access_key`;
const EPOCHS = `group_epoch e LEFT JOIN group_epoch n ON n.group_key = e.group_key AND n.epoch = e.epoch + 1`;

/** Reads where a group stands. */
export function findHead(connection: SqliteConnection, groupId: Uint8Array): Head | undefined {
  const row = connection.get(
    `SELECT id, cipher_suite, epoch, last_sequence, quarantined_epoch, quarantined_sequence, restored_sequence
     FROM delivery_group WHERE group_id = ?`,
    groupId,
  );
  return row === undefined ? undefined : toHead(row);
}

/** Adds a group at epoch 0. */
export function insertGroup(connection: SqliteConnection, group: NewGroup): bigint {
  const { groupId, cipherSuite, accessKey } = group;
  const row = connection.get(
    'INSERT INTO delivery_group (group_id, cipher_suite, epoch, last_sequence) VALUES (?, ?, 0, 0) RETURNING id',
    groupId,
    cipherSuite,
  );
  const key = integer(row ?? {}, 'id');
  connection.run('INSERT INTO group_epoch (group_key, epoch, access_key) VALUES (?, 0, ?)', key, accessKey);
  return key;
}

/** Reads the newest epochs, the current one first. */
export function newestEpochs(
  connection: SqliteConnection,
  key: bigint,
  count: number,
): readonly EpochAccess[] {
  const rows = connection.iterate(
    `SELECT ${EPOCH_COLUMNS} FROM ${EPOCHS} WHERE e.group_key = ? ORDER BY e.epoch DESC LIMIT ?`,
    key,
    count,
  );
  return Array.from(rows, toEpochAccess);
}

/** Reads an epoch. */
export function findEpochAccess(
  connection: SqliteConnection,
  key: bigint,
  epoch: bigint,
): EpochAccess | undefined {
  const row = connection.get(
    `SELECT ${EPOCH_COLUMNS} FROM ${EPOCHS} WHERE e.group_key = ? AND e.epoch = ?`,
    key,
    toInteger(epoch),
  );
  return row === undefined ? undefined : toEpochAccess(row);
}

/** Ends the current epoch of a group and begins the next one. */
export function endEpoch(connection: SqliteConnection, head: Head, end: EpochEnd): void {
  const next = head.epoch + 1n;
  connection.run('UPDATE delivery_group SET epoch = ? WHERE id = ?', next, head.key);
  connection.run(
    `UPDATE group_epoch SET ended_by_sequence = ?, commit_hash = ?, accepted_at_ms = ?, previous_receipt_hash = ?, key_id = ?
     WHERE group_key = ? AND epoch = ?`,
    end.sequence,
    end.commitHash,
    end.acceptedAtMs,
    end.previousReceiptHash,
    end.keyId,
    head.key,
    head.epoch,
  );
  connection.run(
    'INSERT INTO group_epoch (group_key, epoch, access_key) VALUES (?, ?, ?)',
    head.key,
    next,
    end.nextAccessKey,
  );
}

function toHead(row: Row): Head {
  const quarantinedEpoch = optionalInteger(row, 'quarantined_epoch');
  return {
    key: integer(row, 'id'),
    cipherSuite: smallInteger(row, 'cipher_suite'),
    epoch: integer(row, 'epoch'),
    lastSequence: integer(row, 'last_sequence'),
    quarantinedUntil:
      quarantinedEpoch === undefined
        ? undefined
        : { epoch: quarantinedEpoch, sequence: integer(row, 'quarantined_sequence') },
    restoredSequence: integer(row, 'restored_sequence'),
  };
}

function toEpochAccess(row: Row): EpochAccess {
  const sequence = optionalInteger(row, 'ended_by_sequence');
  return {
    epoch: integer(row, 'epoch'),
    accessKey: bytes(row, 'access_key'),
    ended: sequence === undefined ? undefined : toEpochEnd(row, sequence),
  };
}

function toEpochEnd(row: Row, sequence: bigint): EpochEnd {
  return {
    sequence,
    commitHash: bytes(row, 'commit_hash'),
    nextAccessKey: bytes(row, 'next_access_key'),
    acceptedAtMs: smallInteger(row, 'accepted_at_ms'),
    previousReceiptHash: bytes(row, 'previous_receipt_hash'),
    keyId: text(row, 'key_id'),
  };
}
