/**
 * A group as somebody follows it who is not a member: a Delivery Service that sees its handshake in PublicMessages
 * (RFC 9420 §6.2, §12.4.2, §16.5; RFC 9750 §5.2). It checks what needs no secret of the group: everything but membership
 * tags, confirmation tags, and what paths and PSKs hold.
 *
 * @module
 */

import { equal, type CipherSuite } from '@canopy/crypto';
import type { GroupInfo } from '../commits/group-info.ts';
import { inquiryOfGroup, treeOf, validateGroup, validateGroupInfo } from '../commits/validate-group-info.ts';
import { refuse } from '../errors.ts';
import { ContentType } from '../framing/content.ts';
import type { PublicMessage } from '../framing/public-message.ts';
import { verifyPublic } from '../framing/unprotect.ts';
import { askAhead, type Outside } from './ask-ahead.ts';
import { leafValidation } from './ports.ts';
import { inquiryOfContent, processProposal, requireCurrentEpoch, requireGroup } from './process-message.ts';
import type { CommitEffects } from './staged-commit.ts';
import type { GroupState, PublicState } from './state.ts';
import { GroupContext } from '../schedule/group-context.ts';
import { computeInterimTranscriptHash } from '../schedule/transcript-hash.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import { followCommit } from './follow-commit.ts';

/** What a group is known from. */
export interface PublicGroupRequest {
  readonly suite: CipherSuite;
  readonly groupInfo: GroupInfo;
  /** The tree, where it does not travel inside of the GroupInfo. */
  readonly ratchetTree: RatchetTree | undefined;
}

/** What a message makes of a group; the group that received it stays as it was. */
export type PublicReceived =
  | { readonly kind: 'proposal'; readonly group: PublicGroup; readonly reference: Uint8Array }
  | { readonly kind: 'commit'; readonly group: PublicGroup; readonly effects: CommitEffects };

/** A group in one epoch, as far as it is public; a value. */
export class PublicGroup {
  readonly #state: PublicState;
  readonly #outside: Outside;

  private constructor(state: PublicState, outside: Outside) {
    this.#state = state;
    this.#outside = outside;
  }

  /** Opens a group from a member's GroupInfo; the tree and every member are validated (RFC 9420 §12.4.3.1). @throws MlsError, CodecError */
  static async open(
    { suite, groupInfo, ratchetTree }: PublicGroupRequest,
    outside: Outside,
  ): Promise<PublicGroup> {
    const { groupContext, confirmationTag } = groupInfo;
    const tree = treeOf(groupInfo, ratchetTree);
    validateGroupInfo(suite, groupInfo, tree);
    const ports = await askAhead(outside, inquiryOfGroup(suite, tree, groupContext));
    validateGroup(tree, groupContext, leafValidation(suite, ports));
    const { confirmedTranscriptHash } = groupContext;
    const interimTranscriptHash = computeInterimTranscriptHash(
      suite,
      confirmedTranscriptHash,
      confirmationTag,
    );
    const epoch = { suite, groupContext, tree, confirmationTag, interimTranscriptHash };
    return new PublicGroup({ ...epoch, status: { kind: 'active' }, proposals: [] }, outside);
  }

  /** Gives what of a member's group anybody could know, so that commits can be followed that the member itself refuses. */
  static of(state: GroupState, outside: Outside): PublicGroup {
    const { suite, status, groupContext, tree, interimTranscriptHash, confirmationTag, proposals } = state;
    const epoch = { suite, groupContext, tree, interimTranscriptHash, confirmationTag };
    return new PublicGroup({ ...epoch, status, proposals }, outside);
  }

  /** The context of the epoch (RFC 9420 §8.1). */
  get groupContext(): GroupContext {
    return this.#state.groupContext;
  }

  /** The tree of the epoch. */
  get tree(): RatchetTree {
    return this.#state.tree;
  }

  /**
   * Processes a proposal or a commit of the current epoch. The membership tag is not checked, so that a proof of membership
   * has to come from elsewhere.
   *
   * @throws MlsError, CodecError
   */
  async receive(message: PublicMessage): Promise<PublicReceived> {
    const state = this.#state;
    const { groupId, epoch, body } = message.content;
    requireGroup(state, groupId);
    requireCurrentEpoch(state, epoch);
    const verified = verifyPublic(state, message);
    const ports = await askAhead(this.#outside, inquiryOfContent(state, verified));
    if (body.contentType === ContentType.proposal) {
      const { proposals, reference } = processProposal(state, verified, ports);
      return { kind: 'proposal', group: this.#with({ ...state, proposals }), reference };
    }
    const { state: next, effects } = followCommit(state, verified, ports);
    return { kind: 'commit', group: this.#with(next), effects };
  }

  /**
   * Requires that a GroupInfo is a member's statement about exactly this epoch (RFC 9420 §12.4.3).
   *
   * @throws MlsError INVALID_GROUP_INFO, INVALID_SIGNATURE, WRONG_CIPHER_SUITE
   */
  requireGroupInfo(groupInfo: GroupInfo): void {
    const { suite, tree, groupContext, confirmationTag } = this.#state;
    const requirement = 'R12.4.3-06';
    if (!equal(GroupContext.bytesOf(groupInfo.groupContext), GroupContext.bytesOf(groupContext))) {
      refuse('INVALID_GROUP_INFO', requirement, 'the GroupInfo has another GroupContext');
    }
    if (!equal(groupInfo.confirmationTag, confirmationTag)) {
      refuse('INVALID_GROUP_INFO', requirement, 'the GroupInfo has another confirmation tag');
    }
    validateGroupInfo(suite, groupInfo, tree);
  }

  #with(state: PublicState): PublicGroup {
    return new PublicGroup(state, this.#outside);
  }
}
