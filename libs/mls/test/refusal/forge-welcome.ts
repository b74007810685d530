import { decode, encode } from '@canopy/codec';
import { decryptWithLabel, encryptWithLabel } from '@canopy/crypto';

import { GroupInfo, signGroupInfo, type GroupInfoTBS } from '../../src/commits/group-info.ts';
import { GroupSecrets, type Welcome } from '../../src/commits/welcome.ts';
import { createExtension } from '../../src/extensions/extension.ts';
import { RatchetTreeNodes, treeFromNodes } from '../../src/extensions/ratchet-tree.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { ExtensionType, WireFormat } from '../../src/registries.ts';
import { deriveMemberSecret, deriveWelcomeKey } from '../../src/schedule/key-schedule.ts';
import { treeHash } from '../../src/tree/tree-hash.ts';
import {
  addOf,
  empty,
  joiner,
  overTheWire,
  party,
  suite1,
  trio,
  type Joiner,
  type Peer,
} from '../parties.ts';

/*
 * Welcomes of a member that does not keep to the rules: GroupInfo and secrets are changed, then signed and encrypted
 * as they should be.
 */

/** Somebody who was just added, and the true Welcome. */
export interface Invited {
  readonly committer: Peer;
  readonly joiner: Joiner;
  readonly welcome: Welcome;
}

/** Lets Alice add Dave to a group of three, or to the one that she is in, with a path unless told otherwise. */
export async function invite(forcePath = true, committer?: Peer): Promise<Invited> {
  const alice = committer ?? (await trio())[0];
  const dave = joiner(party('dave'));
  const { welcome, staged } = await alice.group.commit({ proposals: [addOf(dave)], forcePath });
  alice.group.keep(staged);
  if (welcome === undefined) throw new Error('a Welcome expected');
  return { committer: alice, joiner: dave, welcome };
}

/** Gives a Welcome as it travels. */
export function asMessage(welcome: Welcome): MLSMessage {
  return overTheWire({ wireFormat: WireFormat.welcome, welcome });
}

/** What a forger changes. */
export interface WelcomeForgery {
  readonly groupInfo?: (groupInfo: GroupInfoTBS) => GroupInfoTBS;
  readonly secrets?: (secrets: GroupSecrets) => GroupSecrets;
  readonly signaturePrivateKey?: Uint8Array;
}

/** Makes a Welcome for the joiner that differs from the true one. */
export function forgeWelcome({ committer, joiner: who, welcome }: Invited, how: WelcomeForgery): MLSMessage {
  const [entry] = welcome.secrets;
  if (entry === undefined) throw new Error('an entry expected');
  const { keyPackage, initPrivateKey } = who.keyPackage;
  const label = 'Welcome';
  const plaintext = decryptWithLabel(suite1, initPrivateKey, {
    label,
    context: welcome.encryptedGroupInfo,
    ciphertext: entry.encryptedGroupSecrets,
  });
  const secrets = decode(GroupSecrets, plaintext);
  const memberSecret = deriveMemberSecret(suite1, secrets.joinerSecret, new Uint8Array(32));
  const { key, nonce } = deriveWelcomeKey(suite1, memberSecret);
  const info = decode(GroupInfo, suite1.aead.open(key, nonce, empty, welcome.encryptedGroupInfo));
  const changed = how.groupInfo?.(info) ?? info;
  const signed = signGroupInfo(
    suite1,
    changed,
    how.signaturePrivateKey ?? committer.group.state.signaturePrivateKey,
  );
  const encryptedGroupInfo = suite1.aead.seal(key, nonce, empty, encode(GroupInfo, signed));
  const encryptedGroupSecrets = encryptWithLabel(suite1, keyPackage.initKey, {
    label,
    context: encryptedGroupInfo,
    plaintext: encode(GroupSecrets, how.secrets?.(secrets) ?? secrets),
  });
  return asMessage({ ...welcome, secrets: [{ ...entry, encryptedGroupSecrets }], encryptedGroupInfo });
}

/** Puts other nodes into a GroupInfo; the tree hash is that of the new nodes unless it is to be wrong. */
export function withNodes(
  groupInfo: GroupInfoTBS,
  change: (nodes: RatchetTreeNodes) => RatchetTreeNodes,
  hash: 'matching' | 'unchanged' = 'matching',
): GroupInfoTBS {
  const extensions = groupInfo.extensions.map((extension) => {
    if (extension.extensionType !== ExtensionType.ratchetTree) return extension;
    const nodes = change(decode(RatchetTreeNodes, extension.extensionData));
    return createExtension(ExtensionType.ratchetTree, RatchetTreeNodes, nodes);
  });
  const data = extensions.find(({ extensionType }) => extensionType === ExtensionType.ratchetTree);
  if (data === undefined || hash === 'unchanged') return { ...groupInfo, extensions };
  const tree = treeFromNodes(decode(RatchetTreeNodes, data.extensionData));
  const groupContext = { ...groupInfo.groupContext, treeHash: treeHash(suite1, tree.root) };
  return { ...groupInfo, extensions, groupContext };
}
