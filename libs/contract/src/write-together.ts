/**
 * Writes of a stream that wait for each other, made in one go.
 *
 * @module
 */
import type { Writable } from 'node:stream';

/* oxlint-disable eslint/no-underscore-dangle -- so Node names what the implementer of a stream provides */

/**
 * Makes a stream of grpc-js hand over together what has been written to it while it was busy. By itself it hands over one
 * message in a turn of the event loop, and each of them becomes a packet of its own. When a writer has to pause does not
 * change.
 */
export function writeTogether(stream: Pick<Writable, '_write' | '_writev'>): void {
  stream._writev = (waiting, done) => {
    let left = waiting.length;
    let failure: Error | null | undefined;
    const one = (error?: Error | null): void => {
      failure ??= error;
      left -= 1;
      if (left === 0) done(failure);
    };
    for (const { chunk, encoding } of waiting) stream._write(chunk, encoding, one);
  };
}
