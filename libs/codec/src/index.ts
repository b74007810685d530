/**
 * The TLS presentation language as MLS uses it (RFC 9420 §2.1).
 *
 * @module
 */

export { apart, decode, detached, encode, useEncoded } from './codec.ts';
export type { Codec, TypeOf } from './codec.ts';
export { CodecError } from './errors.ts';
export type { CodecErrorCode } from './errors.ts';
export { enumeration, uint16, uint32, uint64, uint8 } from './integers.ts';
export { optional } from './optional.ts';
export { Reader } from './reader.ts';
export { recurring } from './recurring.ts';
export { retained } from './retained.ts';
export type { RetainedCodec } from './retained.ts';
export { select, struct } from './struct.ts';
export type { SelectOf, StructOf } from './struct.ts';
export { MAX_VECTOR_LENGTH } from './varint.ts';
export { fixed, opaque, sizeOfOpaque, vector } from './vectors.ts';
export { Writer } from './writer.ts';
