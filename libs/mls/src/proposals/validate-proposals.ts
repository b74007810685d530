/**
 * When a list of proposals can be committed, a function a bullet (RFC 9420 §12.2).
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { refuse } from '../errors.ts';
import { SenderType, type Sender } from '../framing/content.ts';
import { ProposalType } from '../registries.ts';
import { PreSharedKeyID } from '../schedule/psk.ts';
import type { LeafIndex } from '../tree/math.ts';
import { proposalName } from './proposal.ts';
import { proposalsOfType, type ListedProposal, type ProposalList } from './proposal-list.ts';

/** Validates the list of a commit that a member sends (RFC 9420 §12.2, first list). */
export function validateMemberList(list: ProposalList, committer: LeafIndex): void {
  refuseOwnUpdate(list, committer);
  refuseOwnRemoval(list, committer);
  refuseSeveralForOneLeaf(list);
  refuseSameClientTwice(list);
  refuseSamePskTwice(list);
  refuseSeveralExtensions(list);
  refuseReInitWithOthers(list);
  refuseExternalInit(list);
}

/** Validates the list of an external Commit (RFC 9420 §12.2, second list; R12.4.3.2-04). */
export function validateExternalList(list: ProposalList): void {
  const inits = proposalsOfType(list, ProposalType.externalInit).length;
  if (inits !== 1) refuseList('R12.2-17', `one ExternalInit expected, found ${inits}`);
  if (proposalsOfType(list, ProposalType.remove).length > 1)
    refuseList('R12.2-18', 'at most one Remove expected');
  for (const { proposal, reference } of list) {
    if (!externalCommitTypes.has(proposal.proposalType)) {
      refuseList('R12.2-21', `${proposalName(proposal.proposalType)} has no place in an external Commit`);
    }
    if (reference !== undefined) refuseList('R12.4.3.2-04', 'an external Commit has no references');
  }
  refuseSamePskTwice(list);
}

const externalCommitTypes: ReadonlySet<number> = new Set([
  ProposalType.externalInit,
  ProposalType.remove,
  ProposalType.psk,
]);

function refuseList(requirement: string, message: string): never {
  refuse('INVALID_PROPOSAL_LIST', requirement, message);
}

const isFrom = (sender: Sender, leaf: LeafIndex): boolean =>
  sender.senderType === SenderType.member && sender.leafIndex === leaf;

function refuseOwnUpdate(list: ProposalList, committer: LeafIndex): void {
  if (proposalsOfType(list, ProposalType.update).some(({ sender }) => isFrom(sender, committer))) {
    refuseList('R12.2-03', "the committer's own Update cannot be committed by it");
  }
}

function refuseOwnRemoval(list: ProposalList, committer: LeafIndex): void {
  if (proposalsOfType(list, ProposalType.remove).some(({ proposal }) => proposal.removed === committer)) {
    refuseList('R12.2-04', 'a committer cannot remove itself');
  }
}

/** Gives the leaf that an Update or Remove is about. */
export function leafConcerned({ proposal, sender }: ListedProposal): LeafIndex | undefined {
  if (proposal.proposalType === ProposalType.remove) return proposal.removed;
  if (proposal.proposalType !== ProposalType.update) return undefined;
  return sender.senderType === SenderType.member ? sender.leafIndex : undefined;
}

function refuseSeveralForOneLeaf(list: ProposalList): void {
  const leaves = list.map(leafConcerned).filter((leaf) => leaf !== undefined);
  if (new Set(leaves).size !== leaves.length) {
    refuseList('R12.2-05', 'several Updates or Removes are about one leaf');
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function refuseSameClientTwice(list: ProposalList): void {
  const adds = proposalsOfType(list, ProposalType.add);
  const clients = new Set(adds.map(({ proposal }) => text(proposal.keyPackage.leafNode.signatureKey)));
  if (clients.size !== adds.length) refuseList('R12.2-07', 'one client is added twice');
}

// The struct with its nonce is compared (text note T-12).
function refuseSamePskTwice(list: ProposalList): void {
  const psks = proposalsOfType(list, ProposalType.psk);
  const ids = new Set(psks.map(({ proposal }) => text(encode(PreSharedKeyID, proposal.psk))));
  if (ids.size !== psks.length) refuseList('R12.2-09', 'one PreSharedKeyID is named twice');
}

function refuseSeveralExtensions(list: ProposalList): void {
  if (proposalsOfType(list, ProposalType.groupContextExtensions).length > 1) {
    refuseList('R12.2-10', 'at most one GroupContextExtensions expected');
  }
}

function refuseReInitWithOthers(list: ProposalList): void {
  if (proposalsOfType(list, ProposalType.reinit).length > 0 && list.length > 1) {
    refuseList('R12.2-11', 'a ReInit stands alone');
  }
}

function refuseExternalInit(list: ProposalList): void {
  if (proposalsOfType(list, ProposalType.externalInit).length > 0) {
    refuseList('R12.2-13', 'ExternalInit belongs into an external Commit');
  }
}
