/**
 * For libraries that give and take a bare KeyPackage or GroupInfo: the header that makes an MLSMessage of it
 * (RFC 9420 §6).
 *
 * @module
 */

import { ProtocolVersion, type WireFormat } from '@canopy/mls';

/** Two bytes of version, two of wire format. */
const HEADER_SIZE = 4;

/** What follows a header. */
type Format = (typeof WireFormat)['keyPackage' | 'groupInfo'];

/** Puts the header before a structure. */
export function withHeader(format: Format, structure: Uint8Array): Uint8Array {
  return Buffer.concat([headerOf(format), structure]);
}

/** Gives a view of the structure behind the header. @throws Error when it is the header of something else */
export function withoutHeader(format: Format, message: Uint8Array): Uint8Array {
  if (!headerOf(format).equals(message.subarray(0, HEADER_SIZE))) {
    throw new Error(`an MLSMessage of wire format ${format} expected`);
  }
  return message.subarray(HEADER_SIZE);
}

function headerOf(format: Format): Buffer {
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt16BE(ProtocolVersion.mls10, 0);
  header.writeUInt16BE(format, 2);
  return header;
}
