/**
 * What a joiner has to know of a group (RFC 9420 §12.4.3).
 *
 * @module
 */

import { encode, opaque, retained, sizeOfOpaque, struct, type TypeOf } from '@canopy/codec';
import { signWithLabel, verifyWithLabel, type CipherSuite } from '@canopy/crypto';
import { Extensions } from '../extensions/extension.ts';
import { GroupContext } from '../schedule/group-context.ts';
import { LeafIndexCodec } from '../tree/math.ts';

const content = {
  groupContext: GroupContext,
  extensions: Extensions,
  confirmationTag: opaque,
  signer: LeafIndexCodec,
};

const GroupInfoTBS = struct(content);
/** A GroupInfo before it is signed (RFC 9420 §12.4.3). */
export type GroupInfoTBS = TypeOf<typeof GroupInfoTBS>;

/** A member's signed statement about an epoch (RFC 9420 §12.4.3). */
export const GroupInfo = retained(struct({ ...content, signature: opaque }));
/** A member's signed statement about an epoch (RFC 9420 §12.4.3). */
export type GroupInfo = TypeOf<typeof GroupInfo>;

/** Signs a GroupInfo (RFC 9420 §12.4.3). */
export function signGroupInfo(
  suite: CipherSuite,
  groupInfo: GroupInfoTBS,
  signaturePrivateKey: Uint8Array,
): GroupInfo {
  const tbs = encode(GroupInfoTBS, groupInfo);
  return { ...groupInfo, signature: signWithLabel(suite, signaturePrivateKey, 'GroupInfoTBS', tbs) };
}

/** Says whether a GroupInfo is signed with a key (RFC 9420 §12.4.3). */
export function verifyGroupInfo(suite: CipherSuite, groupInfo: GroupInfo, publicKey: Uint8Array): boolean {
  const bytes = GroupInfo.bytesOf(groupInfo);
  return verifyWithLabel(suite, {
    publicKey,
    label: 'GroupInfoTBS',
    content: bytes.subarray(0, bytes.length - sizeOfOpaque(groupInfo.signature)),
    signature: groupInfo.signature,
  });
}
