/**
 * Values that may be absent (RFC 9420 §2.1.1).
 *
 * @module
 */

import type { Codec } from './codec.ts';
import { CodecError } from './errors.ts';

/** `optional<T>`: one octet, 0 for absent, 1 for present followed by the value. */
export function optional<T>(inner: Codec<T>): Codec<T | undefined> {
  return {
    write(writer, value) {
      writer.uint(value === undefined ? 0 : 1, 1);
      if (value !== undefined) inner.write(writer, value);
    },
    read(reader) {
      const presence = reader.uint(1);
      if (presence === 0) return undefined;
      if (presence === 1) return inner.read(reader);
      throw new CodecError('INVALID_PRESENCE', `presence octet 0 or 1 expected, found ${presence}`);
    },
  };
}
