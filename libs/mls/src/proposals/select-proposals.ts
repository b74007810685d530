/**
 * Which of the received proposals a committer takes (RFC 9420 §12.2, §12.4).
 *
 * Each of them was valid by itself when it came, but they need not fit together, nor to what the committer adds. Nobody
 * may keep a member from committing by what it proposes, so whatever does not fit is left out, in this order of
 * preference: the committer's own proposals; every Remove; for each leaf its newest Update that fits; the first
 * GroupContextExtensions that fits; Adds and PreSharedKeys in the order in which they came; a ReInit only when nothing
 * else is committed.
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { MlsError } from '../errors.ts';
import { SenderType } from '../framing/content.ts';
import type { IdentityPart } from '../key-packages/client-identity.ts';
import { ProposalType } from '../registries.ts';
import { findPsks, PreSharedKeyID, type PskStore } from '../schedule/psk.ts';
import type { LeafNode } from '../tree/leaf-node.ts';
import type { LeafIndex } from '../tree/math.ts';
import type { RatchetTree, TreeEditor } from '../tree/ratchet-tree.ts';
import { validateExtensionSupport, validateNewLeaf } from './apply-proposals.ts';
import { proposalsOfType, type ListedProposal, type ProposalList } from './proposal-list.ts';
import { isEnterable, type ProposalEpoch } from './validate-proposal.ts';
import { leafConcerned } from './validate-proposals.ts';

/** The committer's view of the epoch. */
export interface SelectionState extends ProposalEpoch {
  readonly proposals: ProposalList;
  readonly ownLeafIndex: LeafIndex;
}

/** What the committer brings along beside its own proposals. */
export interface CommitterMeans {
  /** The keys that it can mix in. */
  readonly psks: PskStore;
  /** What its leaf says from now on; as before when undefined. */
  readonly newIdentity: IdentityPart | undefined;
}

/**
 * Gives the received proposals that can stand in one list with the committer's own, in the order in which they came
 * (R12.4-06): for a leaf a Remove before an Update and the newest Update (R12.2-06), others before a ReInit (R12.2-12).
 * The own proposals are taken for granted here. Takes one step for each proposal, whatever they are.
 */
export function selectProposals(
  state: SelectionState,
  own: ProposalList,
  means: CommitterMeans,
): ProposalList {
  // Asked for by the caller, and possible only alone: what others proposed gives way.
  if (state.proposals.length === 0 || proposalsOfType(own, ProposalType.reinit).length > 0) return [];
  const received = state.proposals.filter((listed) => !concernsCommitter(listed, state.ownLeafIndex));
  const selection = new Selection(state, own, means);
  selection.takeRemoves(proposalsOfType(received, ProposalType.remove));
  selection.takeUpdates(proposalsOfType(received, ProposalType.update));
  selection.takeExtensions(proposalsOfType(received, ProposalType.groupContextExtensions));
  selection.takeAdds(proposalsOfType(received, ProposalType.add));
  selection.takePsks(proposalsOfType(received, ProposalType.psk));
  const selected = received.filter((listed) => selection.has(listed));
  return selected.length > 0 || own.length > 0 ? selected : firstReInit(received);
}

function concernsCommitter({ proposal, sender }: ListedProposal, committer: LeafIndex): boolean {
  if (proposal.proposalType === ProposalType.remove) return proposal.removed === committer;
  return (
    proposal.proposalType === ProposalType.update &&
    sender.senderType === SenderType.member &&
    sender.leafIndex === committer
  );
}

/** Gives the first ReInit whose group the committer itself can enter (R12.1.5-03). */
function firstReInit(received: ProposalList): ProposalList {
  const possible = proposalsOfType(received, ProposalType.reinit).find(({ proposal }) =>
    isEnterable(proposal),
  );
  return possible === undefined ? [] : [possible];
}

type Of<T extends ListedProposal['proposal']['proposalType']> = ReturnType<typeof proposalsOfType<T>>;

/** §8.4: a commit cannot count more pre-shared keys. */
const MAXIMUM_PSKS = 0xffff;

const pskText = (id: PreSharedKeyID): string => Buffer.from(encode(PreSharedKeyID, id)).toString('latin1');

/** Says whether a check passes. */
function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof MlsError) return false;
    throw error;
  }
}

/** What was taken so far, and what it makes of the group: the next proposal is judged by that. */
class Selection {
  readonly #state: SelectionState;
  readonly #means: CommitterMeans;
  readonly #own: ProposalList;
  readonly #taken = new Set<ListedProposal>();
  /** The leaves that somebody removes or updates: nobody else may. */
  readonly #leaves = new Set<LeafIndex>();
  readonly #pskTexts: Set<string>;
  #tree: RatchetTree;
  #extensions: ProposalEpoch['groupContext']['extensions'];

  constructor(state: SelectionState, own: ProposalList, means: CommitterMeans) {
    this.#state = state;
    this.#means = means;
    this.#own = own;
    this.#extensions =
      proposalsOfType(own, ProposalType.groupContextExtensions)[0]?.proposal.extensions ??
      state.groupContext.extensions;
    this.#pskTexts = new Set(
      proposalsOfType(own, ProposalType.psk).map(({ proposal }) => pskText(proposal.psk)),
    );
    this.#tree = state.tree;
    this.#applyOwn();
  }

  has(listed: ListedProposal): boolean {
    return this.#taken.has(listed);
  }

  takeRemoves(removes: Of<typeof ProposalType.remove>): void {
    const editor = this.#tree.edit();
    for (const listed of removes) {
      const { removed } = listed.proposal;
      if (this.#leaves.has(removed)) continue;
      this.#leaves.add(removed);
      editor.removeLeaf(removed);
      this.#taken.add(listed);
    }
    this.#tree = editor.finish();
  }

  takeUpdates(updates: Of<typeof ProposalType.update>): void {
    for (const listed of updates.toReversed()) {
      const leaf = leafConcerned(listed);
      if (leaf === undefined || this.#leaves.has(leaf)) continue;
      const { leafNode } = listed.proposal;
      if (this.#takeLeaf(listed, leafNode, (editor) => editor.updateLeaf(leaf, leafNode))) {
        this.#leaves.add(leaf);
      }
    }
  }

  takeExtensions(proposals: Of<typeof ProposalType.groupContextExtensions>): void {
    if (proposalsOfType(this.#own, ProposalType.groupContextExtensions).length > 0) return;
    const fitting = proposals.find(({ proposal: { extensions } }) =>
      passes(() => validateExtensionSupport({ tree: this.#tree, extensions })),
    );
    if (fitting === undefined) return;
    this.#extensions = fitting.proposal.extensions;
    this.#taken.add(fitting);
  }

  takeAdds(adds: Of<typeof ProposalType.add>): void {
    for (const listed of adds) {
      const { leafNode } = listed.proposal.keyPackage;
      this.#takeLeaf(listed, leafNode, (editor) => editor.addLeaf(leafNode));
    }
  }

  takePsks(proposals: Of<typeof ProposalType.psk>): void {
    for (const listed of proposals) {
      const { psk } = listed.proposal;
      const id = pskText(psk);
      if (this.#pskTexts.has(id) || this.#pskTexts.size >= MAXIMUM_PSKS) continue;
      if (!passes(() => findPsks([psk], this.#means.psks))) continue;
      this.#pskTexts.add(id);
      this.#taken.add(listed);
    }
  }

  #applyOwn(): void {
    const { ownLeafIndex, tree } = this.#state;
    const { newIdentity } = this.#means;
    for (const { proposal } of proposalsOfType(this.#own, ProposalType.remove)) {
      this.#leaves.add(proposal.removed);
    }
    const editor = tree.edit();
    const ownLeaf = tree.findLeaf(ownLeafIndex);
    if (newIdentity !== undefined && ownLeaf !== undefined) {
      editor.updateLeaf(ownLeafIndex, { ...ownLeaf, ...newIdentity });
    }
    for (const leaf of this.#leaves) editor.removeLeaf(leaf);
    for (const { proposal } of proposalsOfType(this.#own, ProposalType.add)) {
      editor.addLeaf(proposal.keyPackage.leafNode);
    }
    this.#tree = editor.finish();
  }

  #takeLeaf(listed: ListedProposal, leafNode: LeafNode, change: (editor: TreeEditor) => unknown): boolean {
    const editor = this.#tree.edit();
    change(editor);
    const tree = editor.finish();
    if (!passes(() => validateNewLeaf(leafNode, { tree, extensions: this.#extensions }))) return false;
    this.#tree = tree;
    this.#taken.add(listed);
    return true;
  }
}
