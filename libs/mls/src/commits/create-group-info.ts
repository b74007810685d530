/**
 * How a member states what an epoch is, for those who join (RFC 9420 §12.4.3).
 *
 * @module
 */

import { wipe } from '@canopy/crypto';
import { ExternalPub } from '../extensions/external-pub.ts';
import { createExtension, type Extension } from '../extensions/extension.ts';
import { randomGrease } from '../extensions/grease.ts';
import { nodesOfTree, RatchetTreeNodes } from '../extensions/ratchet-tree.ts';
import type { GroupState } from '../group/state.ts';
import { ExtensionType } from '../registries.ts';
import { deriveExternalKeyPair } from '../schedule/key-schedule.ts';
import { signGroupInfo, type GroupInfo } from './group-info.ts';

/** What a GroupInfo is to carry. */
export interface GroupInfoRequest {
  /** Whether the ratchet tree travels inside (RFC 9420 §12.4.3.3). */
  readonly ratchetTree: boolean;
  /** Whether outsiders may join by an external Commit to it (RFC 9420 §12.4.3.2). */
  readonly externalPub: boolean;
  /** Whether an unknown extension is mixed in (RFC 9420 §13.5). */
  readonly grease: boolean;
}

/** Makes a signed GroupInfo of the state's epoch (RFC 9420 §12.4.3). */
export function createGroupInfo(
  state: Pick<
    GroupState,
    'suite' | 'groupContext' | 'tree' | 'secrets' | 'confirmationTag' | 'ownLeafIndex' | 'signaturePrivateKey'
  >,
  request: GroupInfoRequest,
): GroupInfo {
  const { suite, groupContext, tree, secrets, confirmationTag, ownLeafIndex } = state;
  const extensions: Extension[] = [];
  if (request.ratchetTree) {
    extensions.push(createExtension(ExtensionType.ratchetTree, RatchetTreeNodes, nodesOfTree(tree)));
  }
  if (request.externalPub) {
    const { publicKey, privateKey } = deriveExternalKeyPair(suite, secrets.externalSecret);
    wipe(privateKey);
    extensions.push(createExtension(ExtensionType.externalPub, ExternalPub, { externalPub: publicKey }));
  }
  if (request.grease) extensions.push({ extensionType: randomGrease(suite), extensionData: suite.random(4) });
  return signGroupInfo(
    suite,
    { groupContext, extensions, confirmationTag, signer: ownLeafIndex },
    state.signaturePrivateKey,
  );
}
