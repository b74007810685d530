/**
 * Which of the received proposals a committer takes (RFC 9420 §12.2, §12.4).
 *
 * @module
 */

import { SenderType } from '../framing/content.ts';
import { ProposalType } from '../registries.ts';
import type { LeafIndex } from '../tree/math.ts';
import type { ListedProposal, ProposalList } from './proposal-list.ts';
import { leafConcerned } from './validate-proposals.ts';

/**
 * Gives the received proposals that can stand in one list with the committer's own, as many as possible:
 * for a leaf a Remove before an Update and the newest Update (R12.2-06), others before a ReInit (R12.2-12).
 */
export function selectProposals(
  state: { readonly proposals: ProposalList; readonly ownLeafIndex: LeafIndex },
  own: ProposalList,
): ProposalList {
  const ofOthers = state.proposals.filter((listed) => !concernsCommitter(listed, state.ownLeafIndex));
  const withoutReInit = ofOthers.filter(({ proposal }) => proposal.proposalType !== ProposalType.reinit);
  if (withoutReInit.length === 0 && own.length === 0) return ofOthers.slice(0, 1);
  return dropRepeated(dropSuperseded(withoutReInit, own), own);
}

function concernsCommitter({ proposal, sender }: ListedProposal, committer: LeafIndex): boolean {
  if (proposal.proposalType === ProposalType.remove) return proposal.removed === committer;
  return (
    proposal.proposalType === ProposalType.update &&
    sender.senderType === SenderType.member &&
    sender.leafIndex === committer
  );
}

function dropSuperseded(received: ProposalList, own: ProposalList): ProposalList {
  const chosen = new Map<LeafIndex, ListedProposal>();
  for (const listed of [...received, ...own]) {
    const leaf = leafConcerned(listed);
    if (leaf === undefined) continue;
    const before = chosen.get(leaf);
    if (before?.proposal.proposalType !== ProposalType.remove || listed.reference === undefined) {
      chosen.set(leaf, listed);
    }
  }
  return received.filter((listed) => {
    const leaf = leafConcerned(listed);
    return leaf === undefined || chosen.get(leaf) === listed;
  });
}

function dropRepeated(received: ProposalList, own: ProposalList): ProposalList {
  const seen = new Set(own.map(identityOf).filter((identity) => identity !== undefined));
  return received.filter((listed) => {
    const identity = identityOf(listed);
    if (identity === undefined) return true;
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

/** What must not occur twice in a list, beside leaves: a client, and the group's extensions (R12.2-07, R12.2-10). */
function identityOf({ proposal }: ListedProposal): string | undefined {
  if (proposal.proposalType === ProposalType.groupContextExtensions) return 'extensions';
  if (proposal.proposalType !== ProposalType.add) return undefined;
  return Buffer.from(proposal.keyPackage.leafNode.signatureKey).toString('latin1');
}
