/**
 * Decodes protobuf bytes that a stranger sent.
 *
 * @module
 */
import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { FieldError } from './convert.ts';
import { StrictReader, wireFields } from './wire.ts';

/**
 * How many outermost fields a message may have. An empty nested message is two bytes on the wire and a hundred in
 * memory; without this bound a few megabytes of them would take hundreds.
 */
export const MAX_FIELDS = 16_384;

/** What generated code offers to decode one kind of message. */
export interface ProtoDecoder<T> {
  decode(input: BinaryReader | Uint8Array): T;
}

/**
 * Decodes a message that travels as bytes inside another one.
 *
 * @throws {FieldError} naming the field, when the bytes are not such a message.
 */
export function decodeProto<T>(decoder: ProtoDecoder<T>, bytes: Uint8Array, field: string): T {
  return decodeStrictly(bytes, field, (reader) => decoder.decode(reader));
}

/**
 * Decodes a whole request with the deserializer of its method.
 *
 * @throws {FieldError} naming the field `request`, when the bytes are not such a message.
 */
export function decodeRequest<T>(deserialize: (bytes: Buffer) => T, bytes: Uint8Array): T {
  // Generated deserializers hand their argument on to decode(), which also takes a reader: that is how the strict one gets in.
  return decodeStrictly(bytes, 'request', (reader): T => Reflect.apply(deserialize, undefined, [reader]));
}

function decodeStrictly<T>(bytes: Uint8Array, field: string, decode: (reader: StrictReader) => T): T {
  try {
    let count = 0;
    for (const _ of wireFields(bytes)) {
      count += 1;
      if (count > MAX_FIELDS) {
        throw new FieldError(field, `must have at most ${MAX_FIELDS} fields`);
      }
    }
    return decode(new StrictReader(bytes));
  } catch (error) {
    throw error instanceof FieldError
      ? error
      : new FieldError(field, 'is not valid protobuf', { cause: error });
  }
}
