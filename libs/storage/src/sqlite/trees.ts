/**
 * GroupInfo and ratchet trees on SQLite; to be called inside a step of the group log.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { StoredGroupInfo, TreeChunk, TreeChunkQuery, TreeReference } from '../group-log.ts';
import type { SqliteConnection } from './connection.ts';
import { bytes, integer, optionalBytes, smallInteger, toInteger } from './row.ts';
import type { Row } from './row.ts';

/** What begins an epoch besides its access key. */
export interface EpochBeginning {
  readonly groupKey: bigint;
  readonly epoch: bigint;
  readonly groupInfo: Uint8Array;
  readonly ratchetTree: Uint8Array | undefined;
  /** Whether a Welcome led to the epoch. */
  readonly welcomed: boolean;
  readonly nowMs: number;
}

/** As in the migration that made the table. */
const PART_BYTES = 65_536;

/** Keeps GroupInfo and tree of the epoch that begins; the tree of the one before goes unless a joiner may need it. */
export function beginEpoch(
  connection: SqliteConnection,
  beginning: EpochBeginning,
): TreeReference | undefined {
  const { groupKey, epoch, groupInfo, ratchetTree } = beginning;
  connection.run(
    'INSERT OR REPLACE INTO group_info (group_key, epoch, group_info) VALUES (?, ?, ?)',
    groupKey,
    epoch,
    groupInfo,
  );
  connection.run(
    'DELETE FROM ratchet_tree WHERE group_key = ? AND epoch < ? AND welcomed = 0',
    groupKey,
    epoch,
  );
  return ratchetTree === undefined ? undefined : keepTree(connection, beginning, ratchetTree);
}

/** Reads the GroupInfo of the current epoch. */
export function findGroupInfo(
  connection: SqliteConnection,
  groupId: Uint8Array,
): StoredGroupInfo | undefined {
  const row = connection.get(
    `SELECT i.epoch, i.group_info, t.hash AS tree_hash, t.size AS tree_size
     FROM delivery_group g JOIN group_info i ON i.group_key = g.id
     LEFT JOIN ratchet_tree t ON t.group_key = i.group_key AND t.epoch = i.epoch WHERE g.group_id = ?`,
    groupId,
  );
  if (row === undefined) return undefined;
  return { epoch: integer(row, 'epoch'), groupInfo: bytes(row, 'group_info'), tree: optionalTree(row) };
}

/** Reads the columns `tree_hash` and `tree_size`, which are NULL together. */
export function optionalTree(row: Row): TreeReference | undefined {
  const hash = optionalBytes(row, 'tree_hash');
  return hash === undefined ? undefined : { hash, size: smallInteger(row, 'tree_size') };
}

/** Reads some bytes of a tree. */
export function readChunk(connection: SqliteConnection, query: TreeChunkQuery): TreeChunk | undefined {
  const row = connection.get(
    `SELECT t.id, t.hash AS tree_hash, t.size AS tree_size
     FROM ratchet_tree t JOIN delivery_group g ON g.id = t.group_key WHERE g.group_id = ? AND t.epoch = ?`,
    query.groupId,
    toInteger(query.epoch),
  );
  const tree = row === undefined ? undefined : optionalTree(row);
  if (row === undefined || tree === undefined) return undefined;
  const end = Math.min(tree.size, query.offset + query.maxBytes);
  return { tree, bytes: readBytes(connection, integer(row, 'id'), { begin: query.offset, end }) };
}

function keepTree(
  connection: SqliteConnection,
  { groupKey, epoch, welcomed, nowMs }: EpochBeginning,
  ratchetTree: Uint8Array,
): TreeReference {
  const tree = { hash: createHash('sha256').update(ratchetTree).digest(), size: ratchetTree.length };
  const row = connection.get(
    `INSERT INTO ratchet_tree (group_key, epoch, hash, size, kept_at_ms, welcomed) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
    groupKey,
    epoch,
    tree.hash,
    tree.size,
    nowMs,
    welcomed ? 1 : 0,
  );
  const key = integer(row ?? {}, 'id');
  for (let part = 0; part * PART_BYTES < ratchetTree.length; part++)
    connection.run(
      'INSERT INTO ratchet_tree_part (tree_key, part, bytes) VALUES (?, ?, ?)',
      key,
      part,
      ratchetTree.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
    );
  return tree;
}

function readBytes(
  connection: SqliteConnection,
  treeKey: bigint,
  { begin, end }: { readonly begin: number; readonly end: number },
): Uint8Array {
  if (begin >= end) return new Uint8Array();
  const first = Math.floor(begin / PART_BYTES);
  const rows = connection.iterate(
    'SELECT bytes FROM ratchet_tree_part WHERE tree_key = ? AND part BETWEEN ? AND ? ORDER BY part',
    treeKey,
    first,
    Math.floor((end - 1) / PART_BYTES),
  );
  const parts = Buffer.concat(Array.from(rows, (row) => bytes(row, 'bytes')));
  return new Uint8Array(parts.subarray(begin - first * PART_BYTES, end - first * PART_BYTES));
}
