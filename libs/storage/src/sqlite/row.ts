/**
 * Typed reading of rows: a value of another type than the schema says is a fault of the file, not of the caller.
 *
 * @module
 */
import type { SQLOutputValue } from 'node:sqlite';
import { StorageError } from '../errors.ts';

/** One row, column by column; integers come as bigint. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

const LARGEST_INTEGER = 2n ** 63n - 1n;

function corrupt(column: string, expected: string): StorageError {
  return new StorageError('CORRUPT', `column ${column}: expected ${expected}`);
}

/** Reads a BLOB column. */
export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw corrupt(column, 'bytes');
  return value;
}

/** Reads a BLOB column that may be NULL. */
export function optionalBytes(row: Row, column: string): Uint8Array | undefined {
  return row[column] === null ? undefined : bytes(row, column);
}

/** Reads an INTEGER column exactly. */
export function integer(row: Row, column: string): bigint {
  const value = row[column];
  if (typeof value !== 'bigint') throw corrupt(column, 'an integer');
  return value;
}

/** Reads an INTEGER column that may be NULL. */
export function optionalInteger(row: Row, column: string): bigint | undefined {
  return row[column] === null ? undefined : integer(row, column);
}

/** Reads an INTEGER column that holds a small number: a time, a suite, a count. */
export function smallInteger(row: Row, column: string): number {
  const value = Number(integer(row, column));
  if (!Number.isSafeInteger(value)) throw corrupt(column, 'a safe integer');
  return value;
}

/** Reads a REAL column. */
export function real(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw corrupt(column, 'a number');
  return value;
}

/** Reads a TEXT column. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw corrupt(column, 'text');
  return value;
}

/** Fits a uint64 into SQLite's signed integers: no number that is ever reached lies above its largest. */
export function toInteger(value: bigint): bigint {
  return value > LARGEST_INTEGER ? LARGEST_INTEGER : value;
}
