/**
 * Typed reading of what scripts answer: another shape than the script gives is a fault of the store, not of the caller.
 *
 * @module
 */
import { StorageError } from '../errors.ts';

/** The error for an answer of the wrong shape. */
export function unexpected(): StorageError {
  return new StorageError('CORRUPT', 'a script answered with something else than it should');
}

/** Reads bytes, as a view of their own: the client's buffer is larger than one reply. */
export function toBytes(reply: unknown): Uint8Array {
  if (!(reply instanceof Uint8Array)) throw unexpected();
  return new Uint8Array(reply);
}

/** Reads text. */
export function toText(reply: unknown): string {
  if (!Buffer.isBuffer(reply)) throw unexpected();
  return reply.toString('utf8');
}

/** Reads a whole number that was written as text. */
export function toBigInt(reply: unknown): bigint {
  const digits = toText(reply);
  if (!/^\d{1,20}$/u.test(digits)) throw unexpected();
  return BigInt(digits);
}

/** Reads a number. */
export function toNumber(reply: unknown): number {
  if (typeof reply !== 'number') throw unexpected();
  return reply;
}

/** Reads a list. */
export function toList(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw unexpected();
  return reply;
}

/** Reads a list in groups of as many as belong together. */
export function toRows(reply: unknown, width: number): readonly (readonly unknown[])[] {
  const list = toList(reply);
  return Array.from({ length: Math.ceil(list.length / width) }, (_, i) =>
    list.slice(i * width, (i + 1) * width),
  );
}
