/**
 * The outermost structure: everything that travels is one of these (RFC 9420 §6).
 *
 * @module
 */

import { decode, encode, enumeration, select, struct, uint16, type Codec, type TypeOf } from '@canopy/codec';
import { GroupInfo } from '../commits/group-info.ts';
import { Welcome } from '../commits/welcome.ts';
import { KeyPackage } from '../key-packages/key-package.ts';
import { ProtocolVersion, WireFormat } from '../registries.ts';
import { PrivateMessage } from './private-message.ts';
import { PublicMessage } from './public-message.ts';

/** What travels, by wire format (RFC 9420 §6). */
const MessageBody = select('wireFormat', uint16, {
  [WireFormat.publicMessage]: struct({ publicMessage: PublicMessage }),
  [WireFormat.privateMessage]: struct({ privateMessage: PrivateMessage }),
  [WireFormat.welcome]: struct({ welcome: Welcome }),
  [WireFormat.groupInfo]: struct({ groupInfo: GroupInfo }),
  [WireFormat.keyPackage]: struct({ keyPackage: KeyPackage }),
});

const version = enumeration(uint16, ProtocolVersion);

/** Anything that travels (RFC 9420 §6): the version is always mls10 and not repeated in the value. */
export type MLSMessage = TypeOf<typeof MessageBody>;
/** Anything that travels (RFC 9420 §6). */
export const MLSMessage: Codec<MLSMessage> = {
  write(writer, value) {
    version.write(writer, ProtocolVersion.mls10);
    MessageBody.write(writer, value);
  },
  read(reader) {
    version.read(reader);
    return MessageBody.read(reader);
  },
};

/** Encodes a message. */
export function encodeMessage(message: MLSMessage): Uint8Array {
  return encode(MLSMessage, message);
}

/** Decodes a message. @throws CodecError for anything that is not exactly one MLSMessage of version mls10 */
export function decodeMessage(bytes: Uint8Array): MLSMessage {
  return decode(MLSMessage, bytes);
}
