/**
 * A cursor over bytes that cannot run past its end.
 *
 * @module
 */

import { CodecError } from './errors.ts';
import { sizeFromPrefix, sizeOfLength } from './varint.ts';

/** Reads forward through a byte array; every read checks what is left first. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#end = end;
  }

  /** Where the next read starts, counted from the start of the underlying bytes. */
  get offset(): number {
    return this.#offset;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** Reads an unsigned integer of 1 to 4 bytes, network byte order. */
  uint(size: 1 | 2 | 3 | 4): number {
    let at = this.#advance(size);
    let value = 0;
    for (const end = at + size; at < end; at++) value = value * 0x100 + (this.#bytes[at] ?? 0);
    return value;
  }

  /** Reads a view of the next bytes; nothing is copied. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Passes over the given bytes if they come next; otherwise nothing is read. */
  skip(expected: Uint8Array): boolean {
    const { length } = expected;
    if (length > this.remaining) return false;
    for (let at = 0; at < length; at++) if (this.#bytes[this.#offset + at] !== expected[at]) return false;
    this.#offset += length;
    return true;
  }

  /** Gives a view of what was read since an earlier offset. */
  since(offset: number): Uint8Array {
    return this.#bytes.subarray(offset, this.#offset);
  }

  /** Reads a vector's length header (RFC 9420 §2.1.2) and checks it against what is left. */
  length(): number {
    const size = sizeFromPrefix(this.#peek());
    const header = this.uint(size);
    const length = size === 1 ? header : size === 2 ? header & 0x3fff : header & 0x3fff_ffff;
    if (sizeOfLength(length) !== size) {
      throw new CodecError('NON_MINIMAL_LENGTH', `length ${length} is written in ${size} bytes`);
    }
    return length;
  }

  /** Reads a vector's length header and gives a reader over exactly its bytes. */
  vector(): Reader {
    const length = this.length();
    const start = this.#advance(length);
    return new Reader(this.#bytes, start, start + length);
  }

  /** Requires that everything has been read. */
  finish(): void {
    if (this.remaining > 0) {
      throw new CodecError('TRAILING_BYTES', `${this.remaining} bytes are left over`);
    }
  }

  #peek(): number {
    this.#advance(1);
    this.#offset -= 1;
    return this.#bytes[this.#offset] ?? 0;
  }

  #advance(length: number): number {
    if (length > this.remaining) {
      throw new CodecError('TRUNCATED', `${length} bytes expected, ${this.remaining} left`);
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
