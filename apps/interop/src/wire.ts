/**
 * From the bytes of the calls to the objects of MLS and back.
 *
 * @module
 */

import { decode, encode } from '@canopy/codec';
import {
  decodeMessage,
  encodeMessage,
  ExtensionType,
  findExtension,
  nodesOfTree,
  RatchetTreeNodes,
  treeFromNodes,
  WireFormat,
  type GroupInfo,
  type KeyPackage,
  type RatchetTree,
  type Welcome,
} from '@canopy/mls';
import { CallRefusal } from './call-refusal.ts';

function unexpected(expected: string, wireFormat: number): never {
  throw new CallRefusal('INVALID_ARGUMENT', `${expected} expected, found wire format ${wireFormat}`);
}

/** Reads a KeyPackage. @throws CallRefusal, CodecError, MlsError */
export function readKeyPackage(bytes: Uint8Array): KeyPackage {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.keyPackage) unexpected('a KeyPackage', message.wireFormat);
  return message.keyPackage;
}

/** Reads a Welcome. @throws CallRefusal, CodecError, MlsError */
export function readWelcome(bytes: Uint8Array): Welcome {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.welcome) unexpected('a Welcome', message.wireFormat);
  return message.welcome;
}

/** Reads a GroupInfo. @throws CallRefusal, CodecError, MlsError */
export function readGroupInfo(bytes: Uint8Array): GroupInfo {
  const message = decodeMessage(bytes);
  if (message.wireFormat !== WireFormat.groupInfo) unexpected('a GroupInfo', message.wireFormat);
  return message.groupInfo;
}

/** Reads a tree; an empty field stands for none. @throws CodecError, MlsError */
export function readTree(bytes: Uint8Array): RatchetTree | undefined {
  return bytes.length === 0 ? undefined : treeFromNodes(decode(RatchetTreeNodes, bytes));
}

/** Gives the tree of a GroupInfo, from beside it or from inside. @throws CallRefusal, CodecError, MlsError */
export function treeOf(groupInfo: GroupInfo, beside: Uint8Array): RatchetTree {
  const inside = findExtension(groupInfo.extensions, ExtensionType.ratchetTree, RatchetTreeNodes);
  const tree = readTree(beside) ?? (inside && treeFromNodes(inside));
  if (tree === undefined) throw new CallRefusal('INVALID_ARGUMENT', 'the ratchet tree is missing');
  return tree;
}

/** Writes a tree. */
export function writeTree(tree: RatchetTree): Uint8Array {
  return encode(RatchetTreeNodes, nodesOfTree(tree));
}

/** Writes a Welcome; nothing for none. */
export function writeWelcome(welcome: Welcome | undefined): Uint8Array {
  return welcome === undefined
    ? new Uint8Array(0)
    : encodeMessage({ wireFormat: WireFormat.welcome, welcome });
}

/** Writes a KeyPackage. */
export function writeKeyPackage(keyPackage: KeyPackage): Uint8Array {
  return encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage });
}

/** Writes a GroupInfo. */
export function writeGroupInfo(groupInfo: GroupInfo): Uint8Array {
  return encodeMessage({ wireFormat: WireFormat.groupInfo, groupInfo });
}
