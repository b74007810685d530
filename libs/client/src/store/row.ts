/**
 * Typed reading of rows: a value of another type than the schema says is a fault of the file.
 *
 * @module
 */
import type { SQLOutputValue } from 'node:sqlite';
import { ClientError } from '../errors.ts';

/** One row, column by column; integers come as bigint. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

function invalid(column: string, expected: string): ClientError {
  return new ClientError('INVALID_STATE', `column ${column} of the state file: ${expected} expected`);
}

/** Reads a BLOB column. */
export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw invalid(column, 'bytes');
  return value;
}

/** Reads an INTEGER column. */
export function integer(row: Row, column: string): bigint {
  const value = row[column];
  if (typeof value !== 'bigint') throw invalid(column, 'an integer');
  return value;
}

/** Reads a TEXT column. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw invalid(column, 'text');
  return value;
}
