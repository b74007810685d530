/**
 * The protobuf wire format, right and wrong.
 *
 * @module
 */

/** The wire types of protobuf. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

const MAX_UINT64 = 2n ** 64n - 1n;

/** Encodes a number of up to 64 bits; what is negative as protobuf does. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value & MAX_UINT64;
  do {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    bytes.push(left === 0n ? low : low | 0x80);
  } while (left !== 0n);
  return Buffer.from(bytes);
}

/** Encodes the head of a field. */
export function tag(number: number, wireType: number): Buffer {
  return varint((BigInt(number) << 3n) | BigInt(wireType));
}

/** Encodes a field of bytes, text or a message. */
export function bytesField(number: number, value: Uint8Array): Buffer {
  return Buffer.concat([tag(number, WIRE.bytes), varint(BigInt(value.length)), value]);
}

/** Encodes a field of a number. */
export function varintField(number: number, value: bigint): Buffer {
  return Buffer.concat([tag(number, WIRE.varint), varint(value)]);
}
