/**
 * Real values of every kind, out of a simulated group.
 *
 * @module
 */

import {
  createExtension,
  decodeMessage,
  encodeStagedCommit,
  ExtensionType,
  ExternalPub,
  nodesOfTree,
  ProposalType,
  WireFormat,
  type Commit,
  type Extension,
  type FramedContent,
  type GroupInfo,
  type GroupSecrets,
  type GroupState,
  type KeyPackage,
  type LeafNode,
  type MLSMessage,
  type ParentNode,
  type PreSharedKeyID,
  type PrivateMessage,
  type Proposal,
  type PublicMessage,
  type RatchetTreeNodes,
  type Welcome,
} from '@canopy/mls';
import { find } from '../finding.ts';
import { Client } from '../structure/client.ts';
import type { Device } from '../structure/device.ts';
import { chooseExtensions } from '../structure/group-extensions.ts';
import { invitation } from '../structure/actions/enter.ts';
import { chooseExternalPsk, chooseReInit } from '../structure/proposals.ts';
import type { World } from '../structure/world.ts';

/** Real values of every kind. */
export interface Corpus {
  readonly messages: readonly MLSMessage[];
  readonly publicMessages: readonly PublicMessage[];
  readonly privateMessages: readonly PrivateMessage[];
  readonly contents: readonly FramedContent[];
  readonly commits: readonly Commit[];
  readonly proposals: readonly Proposal[];
  readonly psks: readonly PreSharedKeyID[];
  readonly welcomes: readonly Welcome[];
  readonly groupSecrets: readonly GroupSecrets[];
  readonly groupInfos: readonly GroupInfo[];
  readonly keyPackages: readonly KeyPackage[];
  readonly nodes: RatchetTreeNodes;
  readonly leaves: readonly LeafNode[];
  readonly parents: readonly ParentNode[];
  readonly extensions: readonly Extension[];
  /** The first one is the base of the staged commits. */
  readonly states: readonly GroupState[];
  readonly stagedCommits: readonly Uint8Array[];
}

/** Collects values of every kind from a world; its members stay as they are. */
export async function collect(world: World, device: Device): Promise<Corpus> {
  const keyPackages = [0, 1].map(() => new Client(world.suite, 'stranger').publish(false).keyPackage);
  const psks = [chooseExternalPsk(world), resumptionPsk(world, device)];
  const proposals = everyProposal(world, device, { keyPackages, psks });
  const made = await makeCommit(device, proposals);
  const messages = [...world.recent.map(({ bytes }) => decodeMessage(bytes)), ...made.messages];
  const publicMessages = messages.flatMap((one) =>
    one.wireFormat === WireFormat.publicMessage ? one.publicMessage : [],
  );
  const contents = publicMessages.map(({ content }) => content);
  const nodes = nodesOfTree(device.group.state.tree);
  const groupInfo = invitation(device);
  return {
    messages: [
      ...messages,
      { wireFormat: WireFormat.groupInfo, groupInfo },
      ...keyPackages.map((keyPackage) => ({ wireFormat: WireFormat.keyPackage, keyPackage })),
    ],
    publicMessages,
    privateMessages: messages.flatMap((one) =>
      one.wireFormat === WireFormat.privateMessage ? one.privateMessage : [],
    ),
    contents,
    commits: contents.flatMap(({ body }) => (body.contentType === 3 ? body.commit : [])),
    proposals,
    psks,
    welcomes: messages.flatMap((one) => (one.wireFormat === WireFormat.welcome ? one.welcome : [])),
    groupSecrets: everyGroupSecrets(world, psks),
    groupInfos: [groupInfo],
    keyPackages,
    nodes,
    leaves: nodes.flatMap((node) => (node?.nodeType === 1 ? node.leafNode : [])),
    parents: nodes.flatMap((node) => (node?.nodeType === 2 ? node.parentNode : [])),
    extensions: everyExtension(world),
    states: [device, ...world.active].map(({ group }) => group.state),
    stagedCommits: [made.stagedCommit],
  };
}

function resumptionPsk({ suite }: World, { group }: Device): PreSharedKeyID {
  const pskNonce = suite.random(suite.kdf.size);
  return { pskType: 2, usage: 1, pskGroupId: group.groupId, pskEpoch: group.epoch, pskNonce };
}

function everyProposal(
  world: World,
  { group }: Device,
  {
    keyPackages,
    psks,
  }: { readonly keyPackages: readonly KeyPackage[]; readonly psks: readonly PreSharedKeyID[] },
): readonly Proposal[] {
  const { ownLeafIndex } = group.state;
  const others = [...group.members()].filter(({ leafIndex }) => leafIndex !== ownLeafIndex);
  const removed = others.slice(0, 1).map(({ leafIndex }) => leafIndex);
  return [
    ...keyPackages.map((keyPackage) => ({ proposalType: ProposalType.add, keyPackage })),
    ...removed.map((leaf) => ({ proposalType: ProposalType.remove, removed: leaf })),
    ...psks.map((psk) => ({ proposalType: ProposalType.psk, psk })),
    {
      proposalType: ProposalType.groupContextExtensions,
      extensions: chooseExtensions(world.choices, world.externals),
    },
    ...others.slice(0, 2).map(({ leafNode }) => ({ proposalType: ProposalType.update, leafNode })),
    chooseReInit(world).proposal,
    { proposalType: ProposalType.externalInit, kemOutput: world.choices.bytes(32) },
  ];
}

/** Makes a commit with all that can stand in one, and forgets it. */
async function makeCommit(
  { group }: Device,
  proposals: readonly Proposal[],
): Promise<{ readonly messages: readonly MLSMessage[]; readonly stagedCommit: Uint8Array }> {
  const together: ReadonlySet<number> = new Set([
    ProposalType.add,
    ProposalType.remove,
    ProposalType.psk,
    ProposalType.groupContextExtensions,
  ]);
  const { message, welcome, staged } = await group.commit({
    proposals: proposals.filter(({ proposalType }) => together.has(proposalType)),
    includeReceived: false,
    wireFormat: WireFormat.publicMessage,
  });
  const stagedCommit = encodeStagedCommit(staged);
  group.drop(staged);
  if (welcome === undefined) return find('a commit that adds has a Welcome');
  return { messages: [message, { wireFormat: WireFormat.welcome, welcome }], stagedCommit };
}

function everyGroupSecrets({ suite }: World, psks: readonly PreSharedKeyID[]): readonly GroupSecrets[] {
  const joinerSecret = suite.random(suite.kdf.size);
  const pathSecret = { pathSecret: suite.random(suite.kdf.size) };
  return [
    { joinerSecret, pathSecret, psks },
    { joinerSecret, pathSecret: undefined, psks: [] },
  ];
}

function everyExtension({ choices, externals, suite }: World): readonly Extension[] {
  const { publicKey: externalPub } = suite.hpke.generateKeyPair();
  return [
    ...Array.from({ length: 6 }, () => chooseExtensions(choices, externals)).flat(),
    createExtension(ExtensionType.externalPub, ExternalPub, { externalPub }),
  ];
}
