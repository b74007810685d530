/**
 * What a commit is like, for the floor: puppets make it, and its sizes are read off the message.
 *
 * @module
 */

import { encode } from '@canopy/codec';
import {
  ContentType,
  encodeMessage,
  GroupContext,
  KeyPackage,
  LeafNode,
  ProposalType,
  WireFormat,
  type CommitRequest,
  type CreatedCommit,
  type GroupState,
  type MLSMessage,
} from '@canopy/mls';
import type { CommitShape, Shape } from '../floor/floor.ts';
import { commitAs, playMember, type PuppetGroup } from '../stage/puppet-group.ts';
import { changedNodesOf } from './tree-shapes.ts';

/** A commit of puppets, and its sizes for the committer. */
export interface PuppetCommit {
  readonly created: CreatedCommit;
  readonly shape: CommitShape;
}

/** Lets the puppet at leaf 0 commit, and counts. */
export async function shapeCommit(
  group: PuppetGroup,
  request: Partial<CommitRequest>,
): Promise<PuppetCommit> {
  const created = await commitAs(group, 0, request);
  const path = created.staged.effects.committerLeaf === undefined ? undefined : await pathOf(group, request);
  return { created, shape: commitShapeOf(created, path) };
}

/** Counts in a commit whose path is known. */
export function commitShapeOf(
  { message, staged: { base, state, effects } }: CreatedCommit,
  path: readonly number[] | undefined,
): CommitShape {
  return {
    bytes: encodeMessage(message).length,
    path,
    derived: 0,
    added: effects.added.length,
    references: base.proposals.length,
    changedNodes: changedNodesOf(base.tree, state.tree),
  };
}

// The commit itself is encrypted: its twin, made the same way as a PublicMessage, is not.
async function pathOf(group: PuppetGroup, request: Partial<CommitRequest>): Promise<readonly number[]> {
  const { message } = await commitAs(group, 0, { ...request, wireFormat: WireFormat.publicMessage });
  return readPath(message);
}

/** Gives the number of ciphertexts of each node of the path in a PublicMessage. */
export function readPath(message: MLSMessage): readonly number[] {
  if (message.wireFormat !== WireFormat.publicMessage) throw new Error('a PublicMessage expected');
  const { body } = message.publicMessage.content;
  if (body.contentType !== ContentType.commit || body.commit.path === undefined) {
    throw new Error('a commit with a path expected');
  }
  return body.commit.path.nodes.map(({ encryptedPathSecret }) => encryptedPathSecret.length);
}

/** Gives the sizes that a group has before an operation, without those of the operation. */
export function plainShape({ cast }: PuppetGroup, { suite, tree, groupContext }: GroupState): Shape {
  const leaf = tree.findLeaf(0);
  if (leaf === undefined) throw new Error('a member at leaf 0 expected');
  return {
    suite: suite.id,
    members: tree.memberCount,
    leafCount: tree.leafCount,
    groupInfoBytes: 0,
    keyPackageBytes: KeyPackage.bytesOf(cast.puppet(0).own.keyPackage).length,
    leafBytes: LeafNode.bytesOf(leaf).length,
    groupContextBytes: encode(GroupContext, groupContext).length,
    dataBytes: 0,
  };
}

const TAG_SIZE = 16;

/** Gives the bytes of the GroupInfo inside of a commit's Welcome; 0 when it has none. */
export function welcomedBytes({ welcome }: CreatedCommit): number {
  return welcome === undefined ? 0 : welcome.encryptedGroupInfo.length - TAG_SIZE;
}

/** Proposes additions of puppets as the member at leaf 1, and gives the group in which all know them. */
export async function withProposals(group: PuppetGroup, from: number, count: number): Promise<PuppetGroup> {
  const { cast } = group;
  const proposer = playMember(group, 1);
  for (const { own } of cast.puppets(from, count)) {
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: new Uint8Array(0) };
    await proposer.propose({ proposalType: ProposalType.add, keyPackage: own.keyPackage }, framing);
  }
  return { cast, state: proposer.state };
}
