/**
 * What a commit does is what its maker asked for: all members could agree on something else.
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { equal } from '@canopy/crypto';
import {
  Extension,
  LeafNode,
  ProposalType,
  type CommitRequest,
  type CreatedCommit,
  type GroupState,
  type Proposal,
} from '@canopy/mls';
import { check } from '../finding.ts';

/** Requires that the state after a commit shows everything that was asked for by value. */
export function checkIntent({ staged }: CreatedCommit, request: Partial<CommitRequest>, who: string): void {
  const { base, state } = staged;
  for (const proposal of request.proposals ?? []) checkProposal(proposal, base, state, who);
  checkExtensions(request, base, state, who);
  checkOwnLeaf(request, base, state, who);
}

function checkProposal(proposal: Proposal, base: GroupState, state: GroupState, who: string): void {
  const leaves = Array.from(state.tree.members(), ({ leafNode }) => leafNode);
  if (proposal.proposalType === ProposalType.add) {
    const added = LeafNode.bytesOf(proposal.keyPackage.leafNode);
    check(
      leaves.some((leaf) => equal(LeafNode.bytesOf(leaf), added)),
      `${who}: an Add adds its leaf`,
    );
  }
  if (proposal.proposalType === ProposalType.remove) {
    const key = base.tree.findLeaf(proposal.removed)?.encryptionKey ?? new Uint8Array(0);
    check(
      !leaves.some(({ encryptionKey }) => equal(encryptionKey, key)),
      `${who}: a Remove removes its leaf`,
    );
  }
}

const textOf = (extensions: readonly Extension[]): string =>
  extensions.map((one) => Buffer.from(encode(Extension, one)).toString('hex')).join(' ');

function checkExtensions(
  { proposals = [], includeReceived }: Partial<CommitRequest>,
  base: GroupState,
  state: GroupState,
  who: string,
): void {
  const listed = includeReceived === false ? [] : base.proposals.map(({ proposal }) => proposal);
  const asked = (list: readonly Proposal[]): string[] =>
    list.flatMap((one) =>
      one.proposalType === ProposalType.groupContextExtensions ? [textOf(one.extensions)] : [],
    );
  const own = asked(proposals);
  const received = asked(listed);
  const possible = own.length > 0 ? own : [...received];
  if (possible.length === 0) possible.push(textOf(base.groupContext.extensions));
  // A ReInit stands alone: what others proposed gives way.
  const isAlone = proposals.some(({ proposalType }) => proposalType === ProposalType.reinit);
  if (isAlone) return;
  check(
    possible.includes(textOf(state.groupContext.extensions)),
    `${who}: the extensions are those asked for`,
  );
}

function checkOwnLeaf(
  { identity, forcePath }: Partial<CommitRequest>,
  base: GroupState,
  state: GroupState,
  who: string,
): void {
  const leaf = state.tree.findLeaf(state.ownLeafIndex);
  const before = base.tree.findLeaf(base.ownLeafIndex);
  if (leaf === undefined || before === undefined) return check(false, `${who}: has a leaf`);
  const isNew = !equal(leaf.encryptionKey, before.encryptionKey);
  if (forcePath === true || identity !== undefined) check(isNew, `${who}: a path makes a new leaf key`);
  const signatureKey = identity?.signatureKeyPair.publicKey ?? before.signatureKey;
  check(equal(leaf.signatureKey, signatureKey), `${who}: the signature key is the one asked for`);
}
