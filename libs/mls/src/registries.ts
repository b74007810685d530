/**
 * The code points of RFC 9420 §17.2–17.8, in the words of the RFC.
 *
 * @module
 */

/** §6: the versions of the protocol. */
export const ProtocolVersion = { mls10: 1 } as const;

/** §17.2: what an MLSMessage carries. */
export const WireFormat = {
  publicMessage: 1,
  privateMessage: 2,
  welcome: 3,
  groupInfo: 4,
  keyPackage: 5,
} as const;
/** A wire format that a FramedContent is protected for. */
export type ContentWireFormat = typeof WireFormat.publicMessage | typeof WireFormat.privateMessage;

/** §17.3: the extension types of this document. */
export const ExtensionType = {
  applicationId: 1,
  ratchetTree: 2,
  requiredCapabilities: 3,
  externalPub: 4,
  externalSenders: 5,
} as const;

/** §17.4: the proposal types of this document. */
export const ProposalType = {
  add: 1,
  update: 2,
  remove: 3,
  psk: 4,
  reinit: 5,
  externalInit: 6,
  groupContextExtensions: 7,
} as const;

/** §17.5: the credential types of this document. */
export const CredentialType = { basic: 1, x509: 2 } as const;

const defaultExtensionTypes: ReadonlySet<number> = new Set(Object.values(ExtensionType));
const defaultProposalTypes: ReadonlySet<number> = new Set(Object.values(ProposalType));

/** Says whether every client supports an extension type without listing it (§7.2). */
export function isDefaultExtensionType(type: number): boolean {
  return defaultExtensionTypes.has(type);
}

/** Says whether every client supports a proposal type without listing it (§7.2). */
export function isDefaultProposalType(type: number): boolean {
  return defaultProposalTypes.has(type);
}

/** Says whether a code point is one of the GREASE values 0x0A0A, 0x1A1A … 0xEAEA (§13.5). */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >>> 8 === (value & 0xff) && value !== 0xfafa;
}

/** Says whether a code point is free for private use, 0xF000 to 0xFFFF (§17). */
export function isPrivateUse(value: number): boolean {
  return value >= 0xf000 && value <= 0xffff;
}
