/**
 * Ratchet trees as the scripts keep them: cut into parts, so that reading a chunk does not cost the whole tree.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { TreeChunkQuery, TreeReference } from '../group-log.ts';
import { joinParts, splitParts } from './parts.ts';
import { toBigInt, toBytes, unexpected } from './reply.ts';
import type { Argument } from './script.ts';

const PART = 64 * 1024;
const COLON = 0x3a;

/** A tree that goes into the store. */
export interface NewTree {
  readonly tree: Uint8Array;
  /** Whether it is kept beyond its epoch, for those whom a Welcome leads there. */
  readonly kept: boolean;
  readonly nowMs: number;
}

/** The record of a tree, empty for none, how many parts there are, and the parts. */
export interface TreeArguments {
  readonly record: Argument;
  readonly parts: readonly Argument[];
}

/** Cuts a tree up. */
export function toTreeArguments(made: NewTree | undefined): TreeArguments {
  if (made === undefined) return { record: '', parts: [] };
  const { tree, kept, nowMs } = made;
  const parts = Array.from({ length: Math.ceil(tree.length / PART) }, (_, i) =>
    tree.subarray(i * PART, (i + 1) * PART),
  );
  const head = `${kept ? 1 : 0}:${parts.length}:${Math.trunc(nowMs)}:`;
  return { record: Buffer.concat([Buffer.from(head), toReferenceBytes(treeReference(tree))]), parts };
}

/** Names a tree by its hash. */
export function treeReference(tree: Uint8Array): TreeReference {
  return { hash: new Uint8Array(createHash('sha256').update(tree).digest()), size: tree.length };
}

/** Reads the reference in the record of a tree; undefined when the record is empty. */
export function toTreeReference(reply: unknown): TreeReference | undefined {
  const record = toBytes(reply);
  if (record.length === 0) return undefined;
  const parts = record.indexOf(COLON) + 1;
  const time = record.indexOf(COLON, parts) + 1;
  return fromReferenceBytes(record.subarray(record.indexOf(COLON, time) + 1));
}

/** Writes a reference, or nothing. */
export function toReferenceBytes(tree: TreeReference | undefined): Buffer {
  return tree === undefined ? Buffer.alloc(0) : joinParts([tree.hash, String(tree.size)]);
}

/** Reads a reference, or nothing. */
export function fromReferenceBytes(bytes: Uint8Array): TreeReference | undefined {
  if (bytes.length === 0) return undefined;
  const [hash, size] = splitParts(bytes);
  if (hash === undefined) throw unexpected();
  return { hash: new Uint8Array(hash), size: Number(toBigInt(size)) };
}

/** Tells which parts hold a chunk. */
export function partsOf({ offset, maxBytes }: TreeChunkQuery): {
  readonly first: number;
  readonly last: number;
} {
  return { first: Math.floor(offset / PART), last: Math.floor((offset + maxBytes - 1) / PART) };
}

/** Cuts a chunk out of the parts that hold it. */
export function cutChunk(parts: readonly Uint8Array[], { offset, maxBytes }: TreeChunkQuery): Uint8Array {
  const start = offset % PART;
  return new Uint8Array(Buffer.concat(parts).subarray(start, start + maxBytes));
}
