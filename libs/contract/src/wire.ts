/**
 * The protobuf wire format, as much of it as must be read without generated code.
 *
 * @module
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** One field as it stands on the wire; numbers other than varints are of no interest here and come as undefined. */
export interface WireField {
  readonly number: number;
  readonly value: Uint8Array | bigint | undefined;
}

/** A reader that refuses text that is not UTF-8 instead of replacing what it cannot read. */
export class StrictReader extends BinaryReader {
  override string(): string {
    return super.string(true);
  }
}

/**
 * Walks over the outermost fields of a message.
 *
 * @throws {Error} for bytes that are not a protobuf message.
 */
export function* wireFields(bytes: Uint8Array): Generator<WireField> {
  const reader = new StrictReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) {
      yield { number, value: reader.bytes() };
    } else if (wireType === WireType.Varint) {
      yield { number, value: BigInt(reader.uint64()) };
    } else {
      reader.skip(wireType, number);
      yield { number, value: undefined };
    }
  }
}
