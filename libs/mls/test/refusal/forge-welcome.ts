import { decode, encode } from '@canopy/codec';
import { decryptWithLabel, encryptWithLabel, equal } from '@canopy/crypto';

import type { CommitRequest } from '../../src/commits/create-commit.ts';
import { GroupInfo, signGroupInfo, type GroupInfoTBS } from '../../src/commits/group-info.ts';
import { GroupSecrets, type EncryptedGroupSecrets, type Welcome } from '../../src/commits/welcome.ts';
import { createExtension } from '../../src/extensions/extension.ts';
import { RatchetTreeNodes, treeFromNodes } from '../../src/extensions/ratchet-tree.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { pskStoreOf } from '../../src/group/state.ts';
import { keyPackageRef } from '../../src/key-packages/key-package.ts';
import { ExtensionType, WireFormat } from '../../src/registries.ts';
import { deriveMemberSecret, deriveWelcomeKey } from '../../src/schedule/key-schedule.ts';
import { derivePskSecret, findPsks } from '../../src/schedule/psk.ts';
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

/** Lets Alice, or the given member, add somebody; by value, with what else the request says. */
export async function inviteTo(
  committer: Peer,
  who: Joiner,
  { proposals = [], ...request }: Partial<CommitRequest> = {},
): Promise<Invited> {
  const { welcome, staged } = await committer.group.commit({
    ...request,
    proposals: [...proposals, addOf(who)],
  });
  committer.group.keep(staged);
  if (welcome === undefined) throw new Error('a Welcome expected');
  return { committer, joiner: who, welcome };
}

/** Lets Alice add Dave to a group of three, or to the one that she is in, with a path unless told otherwise. */
export async function invite(forcePath = true, committer?: Peer): Promise<Invited> {
  return inviteTo(committer ?? (await trio())[0], joiner(party('dave')), { forcePath });
}

/** Gives a Welcome as it travels. */
export function asMessage(welcome: Welcome): MLSMessage {
  return overTheWire({ wireFormat: WireFormat.welcome, welcome });
}

/** What a forger changes. */
export interface WelcomeForgery {
  readonly groupInfo?: (groupInfo: GroupInfoTBS) => GroupInfoTBS;
  readonly secrets?: (secrets: GroupSecrets) => GroupSecrets;
  /** Changes the bytes themselves, after everything else was done. */
  readonly groupInfoBytes?: (bytes: Uint8Array) => Uint8Array;
  readonly secretsBytes?: (bytes: Uint8Array) => Uint8Array;
  readonly signaturePrivateKey?: Uint8Array;
}

/** What the joiner finds in a Welcome, and the keys that its GroupInfo is encrypted with. */
export interface WelcomeInside {
  readonly secrets: GroupSecrets;
  readonly groupInfo: GroupInfo;
  readonly memberSecret: Uint8Array;
}

/** Opens a Welcome as the RFC describes it, step by step, for one that was invited. */
export function openInvitation({ committer, joiner: who, welcome }: Invited): WelcomeInside {
  const { suite } = who.party;
  const secrets = decode(GroupSecrets, openEntry(who, welcome));
  const store = pskStoreOf(committer.group.state, committer.party.options.psks);
  const pskSecret = derivePskSecret(suite, findPsks(secrets.psks, store));
  const memberSecret = deriveMemberSecret(suite, secrets.joinerSecret, pskSecret);
  const { key, nonce } = deriveWelcomeKey(suite, memberSecret);
  const groupInfo = decode(GroupInfo, suite.aead.open(key, nonce, empty, welcome.encryptedGroupInfo));
  return { secrets, groupInfo, memberSecret };
}

function entryOf({ party: { suite }, keyPackage }: Joiner, { secrets }: Welcome): EncryptedGroupSecrets {
  const reference = keyPackageRef(suite, keyPackage.keyPackage);
  const entry = secrets.find(({ newMember }) => equal(newMember, reference));
  if (entry === undefined) throw new Error('an entry expected');
  return entry;
}

function openEntry(who: Joiner, welcome: Welcome): Uint8Array {
  return decryptWithLabel(who.party.suite, who.keyPackage.initPrivateKey, {
    label: 'Welcome',
    context: welcome.encryptedGroupInfo,
    ciphertext: entryOf(who, welcome).encryptedGroupSecrets,
  });
}

/** Makes a Welcome for the joiner that differs from the true one. */
export function forgeWelcome(invited: Invited, how: WelcomeForgery): MLSMessage {
  const { committer, joiner: who, welcome } = invited;
  const { suite } = who.party;
  const { secrets, groupInfo, memberSecret } = openInvitation(invited);
  const { key, nonce } = deriveWelcomeKey(suite, memberSecret);
  const signed = signGroupInfo(
    suite,
    how.groupInfo?.(groupInfo) ?? groupInfo,
    how.signaturePrivateKey ?? committer.group.state.signaturePrivateKey,
  );
  const bytes = how.groupInfoBytes?.(encode(GroupInfo, signed)) ?? encode(GroupInfo, signed);
  const encryptedGroupInfo = suite.aead.seal(key, nonce, empty, bytes);
  const plaintext = encode(GroupSecrets, how.secrets?.(secrets) ?? secrets);
  const encryptedGroupSecrets = encryptWithLabel(suite, who.keyPackage.keyPackage.initKey, {
    label: 'Welcome',
    context: encryptedGroupInfo,
    plaintext: how.secretsBytes?.(plaintext) ?? plaintext,
  });
  const { newMember } = entryOf(who, welcome);
  return asMessage({ ...welcome, secrets: [{ newMember, encryptedGroupSecrets }], encryptedGroupInfo });
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
