/**
 * A growing buffer that structures are written to.
 *
 * @module
 */

import { putLength, sizeOfLength } from './varint.ts';

// New memory costs more than most of what is written to it, so a few writers are used over and over.
const KEPT_WRITERS = 8;
const KEPT_CAPACITY = 0x1_0000;
const idle: Writer[] = [];

/** Appends bytes; `finish` gives what was written. */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  /**
   * Lends a writer for the time of a call and overwrites it afterwards: what is written there is either copied by `finish`
   * or looked at through `written` before the call ends.
   */
  static lend<R>(use: (writer: Writer) => R): R {
    const writer = idle.pop() ?? new Writer();
    try {
      return use(writer);
    } finally {
      writer.#clear();
      if (idle.length < KEPT_WRITERS && writer.#bytes.length <= KEPT_CAPACITY) idle.push(writer);
    }
  }

  /** A view of what was written so far, valid until more is written or the writer is given back. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Appends an unsigned integer of 1 to 4 bytes, network byte order. */
  uint(value: number, size: 1 | 2 | 3 | 4): void {
    let at = this.#grow(size);
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) this.#bytes[at++] = (value >>> shift) & 0xff;
  }

  /** Appends raw bytes without a header. */
  bytes(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  /** Appends bytes with a length header (`opaque<V>`). */
  opaque(value: Uint8Array): void {
    const size = sizeOfLength(value.length);
    const at = this.#grow(size + value.length);
    putLength(this.#bytes, at, value.length);
    this.#bytes.set(value, at + size);
  }

  /** Appends a text whose characters are bytes (below 256), with a length header (`opaque<V>`). */
  opaqueText(value: string): void {
    const size = sizeOfLength(value.length);
    const at = this.#grow(size + value.length);
    putLength(this.#bytes, at, value.length);
    for (let index = 0; index < value.length; index++)
      this.#bytes[at + size + index] = value.charCodeAt(index);
  }

  /** Runs `body` and puts the length of what it wrote in front of it. */
  vector(body: () => void): void {
    const start = this.#grow(1);
    body();
    const length = this.#length - start - 1;
    const size = sizeOfLength(length);
    if (size > 1) {
      this.#grow(size - 1);
      this.#bytes.copyWithin(start + size, start + 1, start + 1 + length);
    }
    putLength(this.#bytes, start, length);
  }

  /** Gives a copy of what was written and overwrites the buffer, which may have held secrets. */
  finish(): Uint8Array {
    const result = this.#bytes.slice(0, this.#length);
    this.#clear();
    return result;
  }

  #clear(): void {
    this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
  }

  #grow(size: number): number {
    const start = this.#length;
    const needed = start + size;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes.fill(0);
      this.#bytes = larger;
    }
    this.#length = needed;
    return start;
  }
}
