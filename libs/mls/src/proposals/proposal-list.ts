/**
 * The proposals of a commit, each with who sent it (RFC 9420 §12.4).
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import { ProposalOrRefType, type ProposalOrRef } from '../commits/commit.ts';
import { refuse } from '../errors.ts';
import type { Sender } from '../framing/content.ts';
import { ProposalType } from '../registries.ts';
import type { Proposal, ProposalOf } from './proposal.ts';

/** A proposal with its sender; one by value counts as sent by the committer (R12.4-02). */
export interface ListedProposal<P extends Proposal = Proposal> {
  readonly proposal: P;
  readonly sender: Sender;
  /** Absent for a proposal by value. */
  readonly reference: Uint8Array | undefined;
}

/** A proposal list, in the order of the commit. */
export type ProposalList = readonly ListedProposal[];

/** Resolves what a commit lists. @throws MlsError UNKNOWN_PROPOSAL_REFERENCE (R12.4-04) */
export function resolveProposals(
  entries: readonly ProposalOrRef[],
  cache: readonly (ListedProposal & { readonly reference: Uint8Array })[],
  committer: Sender,
): ProposalList {
  return entries.map((entry) => {
    if (entry.type === ProposalOrRefType.proposal) {
      return { proposal: entry.proposal, sender: committer, reference: undefined };
    }
    const cached = cache.find(({ reference }) => equal(reference, entry.reference));
    if (cached === undefined) {
      refuse('UNKNOWN_PROPOSAL_REFERENCE', 'R12.4-04', 'the commit refers to a proposal that is not known');
    }
    return cached;
  });
}

/** Gives the proposals of one type, in their order. */
export function proposalsOfType<T extends Proposal['proposalType']>(
  list: ProposalList,
  type: T,
): readonly ListedProposal<ProposalOf<T>>[] {
  return list.filter(
    (listed): listed is ListedProposal<ProposalOf<T>> => listed.proposal.proposalType === type,
  );
}

/** §17.4, column Path: the proposal types that a commit needs a path for (R12.4-11). */
const pathTypes: ReadonlySet<number> = new Set([
  ProposalType.update,
  ProposalType.remove,
  ProposalType.externalInit,
  ProposalType.groupContextExtensions,
]);

/** Says whether a commit of a list needs a path (RFC 9420 §12.4). */
export function needsPath(list: ProposalList): boolean {
  return list.length === 0 || list.some(({ proposal }) => pathTypes.has(proposal.proposalType));
}
