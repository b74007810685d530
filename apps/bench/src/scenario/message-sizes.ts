/**
 * Sizes that are read off messages.
 *
 * @module
 */

import { decodeMessage, ExtensionType, WireFormat } from '@canopy/mls';

/** Gives the bytes of the ratchet tree that a GroupInfo carries. */
export function treeBytesOf(groupInfo: Uint8Array): number {
  const message = decodeMessage(groupInfo);
  if (message.wireFormat !== WireFormat.groupInfo) throw new Error('a GroupInfo expected');
  const tree = message.groupInfo.extensions.find(
    ({ extensionType }) => extensionType === ExtensionType.ratchetTree,
  );
  if (tree === undefined) throw new Error('a GroupInfo with the ratchet tree expected');
  return tree.extensionData.length;
}
