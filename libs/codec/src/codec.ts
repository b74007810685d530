/**
 * What a codec is, and how one is used on bytes (RFC 9420 §2.1).
 *
 * @module
 */

import { Reader } from './reader.ts';
import type { RetainedCodec } from './retained.ts';
import { Writer } from './writer.ts';

/** Knows how a type looks on the wire, in both directions. */
export interface Codec<T> {
  write(writer: Writer, value: T): void;
  read(reader: Reader): T;
}

/** The type that a codec encodes and decodes. */
export type TypeOf<C> = C extends Codec<infer T> ? T : never;

/** Encodes a value. @throws CodecError when a part of it does not fit its field */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  return useEncoded(codec, value, (bytes) => bytes.slice());
}

/** Copies a decoded value out of the bytes that it was decoded from, so that these can be forgotten. */
export function detached<T extends object>(codec: RetainedCodec<T>, value: T): T {
  return decode(codec, codec.bytesOf(value));
}

/** Wraps a codec so that what it reads has memory of its own and does not keep the whole message. */
export function apart<T extends object>(codec: RetainedCodec<T>): Codec<T> {
  return {
    write: (writer, value) => codec.write(writer, value),
    read: (reader) => detached(codec, codec.read(reader)),
  };
}

/**
 * Encodes a value for one use, such as hashing it: the bytes are valid during the call only and overwritten afterwards.
 *
 * @throws CodecError when a part of the value does not fit its field
 */
export function useEncoded<T, R>(codec: Codec<T>, value: T, use: (bytes: Uint8Array) => R): R {
  return Writer.lend((writer) => {
    codec.write(writer, value);
    return use(writer.written);
  });
}

/**
 * Decodes exactly one value. The bytes are copied once first: what is decoded keeps views into that copy,
 * so that a caller who reuses its buffer changes nothing (and plain arrays, also where it passes a Buffer).
 *
 * @throws CodecError for anything that is not precisely one encoded value
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new Reader(new Uint8Array(bytes));
  const value = codec.read(reader);
  reader.finish();
  return value;
}
