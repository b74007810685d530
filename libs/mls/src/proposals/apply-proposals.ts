/**
 * What a list of proposals makes of a group (RFC 9420 §12.3), and when the result is valid (§12.2, last items).
 *
 * @module
 */

import { refuse } from '../errors.ts';
import { SenderType } from '../framing/content.ts';
import { ProposalType } from '../registries.ts';
import type { LeafNode } from '../tree/leaf-node.ts';
import type { LeafIndex } from '../tree/math.ts';
import type { RatchetTree, TreeEditor } from '../tree/ratchet-tree.ts';
import type { CapabilityKind } from '../tree/tree-index.ts';
import { demandsOf, validatePlaceInTree, validateSupport } from '../tree/validate-leaf-node.ts';
import type { AppliedProposals, ChangedMember } from './applied-proposals.ts';
import { proposalsOfType, type ProposalList } from './proposal-list.ts';
import type { ProposalEpoch } from './validate-proposal.ts';

/** Applies a valid list in the order of RFC 9420 §12.3, whatever the order in the commit (R12.3-01). */
export function applyProposals(list: ProposalList, { tree, groupContext }: ProposalEpoch): AppliedProposals {
  const newExtensions = proposalsOfType(list, ProposalType.groupContextExtensions)[0]?.proposal.extensions;
  const editor = tree.edit();
  const updated = applyUpdates(list, tree, editor);
  const removed = applyRemoves(list, tree, editor);
  const added = proposalsOfType(list, ProposalType.add).map(({ proposal: { keyPackage } }) => ({
    leafIndex: editor.addLeaf(keyPackage.leafNode),
    keyPackage,
  }));
  return {
    tree: editor.finish(),
    extensions: newExtensions ?? groupContext.extensions,
    extensionsChanged: newExtensions !== undefined,
    added,
    updated,
    removed,
    psks: proposalsOfType(list, ProposalType.psk).map(({ proposal }) => proposal.psk),
    kemOutput: proposalsOfType(list, ProposalType.externalInit)[0]?.proposal.kemOutput,
    reinit: proposalsOfType(list, ProposalType.reinit)[0]?.proposal,
  };
}

function memberBefore(tree: RatchetTree, leafIndex: LeafIndex): ChangedMember {
  const before = tree.findLeaf(leafIndex);
  if (before === undefined) refuse('UNKNOWN_LEAF', 'R12.1.3-01', `leaf ${leafIndex} is not a member`);
  return { leafIndex, before };
}

function applyUpdates(list: ProposalList, tree: RatchetTree, editor: TreeEditor): ChangedMember[] {
  return proposalsOfType(list, ProposalType.update).map(({ proposal, sender }) => {
    if (sender.senderType !== SenderType.member) {
      refuse('SENDER_NOT_ALLOWED', 'R12.1.2-03', 'only a member can send an Update');
    }
    editor.updateLeaf(sender.leafIndex, proposal.leafNode);
    return memberBefore(tree, sender.leafIndex);
  });
}

function applyRemoves(list: ProposalList, tree: RatchetTree, editor: TreeEditor): ChangedMember[] {
  const removed = proposalsOfType(list, ProposalType.remove).map(({ proposal }) => {
    const member = memberBefore(tree, proposal.removed);
    editor.removeLeaf(proposal.removed);
    return member;
  });
  editor.truncate();
  return removed;
}

/** Requires that the new leaves fit into the new tree and group, and the group to its members (R12.2-15, R12.1.7-01). */
export function validateResult(applied: AppliedProposals): void {
  const { tree, added, updated } = applied;
  for (const { leafIndex } of [...added, ...updated]) {
    const leaf = tree.findLeaf(leafIndex);
    if (leaf !== undefined) validateNewLeaf(leaf, applied);
  }
  if (applied.extensionsChanged) validateExtensionSupport(applied);
}

/** Requires that a new leaf fits into the new tree and group (RFC 9420 §7.3). */
export function validateNewLeaf(leaf: LeafNode, result: Pick<AppliedProposals, 'tree' | 'extensions'>): void {
  validateSupport(leaf, demandsOf(result));
  validatePlaceInTree(leaf, result.tree);
}

/** Requires that every member supports what the extensions of a group are and demand (§12.1.7, §13.4). */
export function validateExtensionSupport({
  tree,
  extensions,
}: Pick<AppliedProposals, 'tree' | 'extensions'>): void {
  const { required, extensionTypes } = demandsOf({ extensions });
  requireSupport(tree, { kind: 'extension', types: extensionTypes, requirement: 'R12.1.7-03' });
  const requirement = 'R12.1.7-01';
  requireSupport(tree, { kind: 'extension', types: required.extensionTypes, requirement });
  requireSupport(tree, { kind: 'proposal', types: required.proposalTypes, requirement });
  requireSupport(tree, { kind: 'credential', types: required.credentialTypes, requirement });
}

interface Demand {
  readonly kind: CapabilityKind;
  readonly types: readonly number[];
  readonly requirement: string;
}

function requireSupport(tree: RatchetTree, { kind, types, requirement }: Demand): void {
  const missing = types.find((type) => tree.index.countSupport(kind, type) < tree.memberCount);
  if (missing !== undefined) {
    refuse('UNSUPPORTED_CAPABILITY', requirement, `some member does not support ${kind} ${missing}`);
  }
}
