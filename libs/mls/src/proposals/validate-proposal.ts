/**
 * When a proposal is valid by itself (RFC 9420 §12.1), and what has to be asked about identities before.
 *
 * @module
 */

import type { IdentityQuestion, PresentedCredential } from '../credentials/identity.ts';
import { refuse } from '../errors.ts';
import { SenderType, type Sender } from '../framing/content.ts';
import { signaturesOfKeyPackage } from '../key-packages/key-package.ts';
import { validateKeyPackage } from '../key-packages/validate-key-package.ts';
import { ProposalType, ProtocolVersion } from '../registries.ts';
import { presentedSendersOf, type GroupContext } from '../schedule/group-context.ts';
import { PSKType, requireNonceSize, ResumptionPSKUsage, type PreSharedKeyID } from '../schedule/psk.ts';
import { LeafNodeSource, type LeafNode } from '../tree/leaf-node.ts';
import type { SignatureClaim } from '../tree/signature-answers.ts';
import { equal, isSupportedCipherSuite } from '@canopy/crypto';
import type { LeafIndex } from '../tree/math.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import {
  demandsOf,
  validateLeafNode,
  validateSource,
  type LeafValidation,
} from '../tree/validate-leaf-node.ts';
import type { Proposal, ProposalOf, ReInit } from './proposal.ts';

/** The epoch that a proposal is for. */
export interface ProposalEpoch {
  readonly groupContext: GroupContext;
  readonly tree: RatchetTree;
}

/** Validates one proposal on its own (RFC 9420 §12.1.1 to §12.1.7). */
export function validateProposal(
  proposal: Proposal,
  sender: Sender,
  epoch: ProposalEpoch,
  by: LeafValidation,
): void {
  switch (proposal.proposalType) {
    case ProposalType.add:
      return validateKeyPackage(proposal.keyPackage, by);
    case ProposalType.update:
      return validateUpdate(proposal, sender, epoch, by);
    case ProposalType.remove:
      return validateRemove(proposal, epoch);
    case ProposalType.psk:
      return validatePsk(proposal.psk, by);
    case ProposalType.reinit:
      return validateReInit(proposal, epoch, by);
    case ProposalType.externalInit:
      return validateExternalInit(sender);
    case ProposalType.groupContextExtensions:
      return validateGroupContextExtensions(proposal, by);
  }
}

/** §12.1.2: only a member can update, its leaf only, with a new encryption key. */
function validateUpdate(
  { leafNode }: ProposalOf<typeof ProposalType.update>,
  sender: Sender,
  { tree, groupContext }: ProposalEpoch,
  by: LeafValidation,
): void {
  if (sender.senderType !== SenderType.member) {
    refuse('SENDER_NOT_ALLOWED', 'R12.1.2-03', 'only a member can send an Update');
  }
  const { leafIndex } = sender;
  const old = tree.findLeaf(leafIndex);
  if (old === undefined) refuse('UNKNOWN_SENDER', 'R6.1-04', `leaf ${leafIndex} is not a member`);
  validateSource(leafNode, LeafNodeSource.update);
  validateReplacement(old, leafNode, by);
  validateLeafNode(leafNode, { groupId: groupContext.groupId, leafIndex }, by);
}

/** Requires a changed encryption key and a successor that the application allows (R7.3-13, R5.3.1-07). */
export function validateReplacement(old: LeafNode, replacement: LeafNode, by: LeafValidation): void {
  if (equal(old.encryptionKey, replacement.encryptionKey)) {
    refuse('LEAF_KEY_NOT_CHANGED', 'R7.3-13', 'the encryption key of the leaf has to change');
  }
  by.identities.requireSuccessor(old, replacement);
}

/** §12.1.3: there has to be somebody to remove. */
function validateRemove({ removed }: ProposalOf<typeof ProposalType.remove>, { tree }: ProposalEpoch): void {
  if (tree.findLeaf(removed) === undefined) {
    refuse('UNKNOWN_LEAF', 'R12.1.3-01', `leaf ${removed} is not a member`);
  }
}

/** §12.1.4: a nonce of the right size; reinit and branch have their own places (§11.2, §11.3). */
function validatePsk(id: PreSharedKeyID, { suite }: Pick<LeafValidation, 'suite'>): void {
  requireNonceSize(id, suite);
  if (id.pskType !== PSKType.resumption || id.usage === ResumptionPSKUsage.application) return;
  const requirement = id.usage === ResumptionPSKUsage.reinit ? 'R12.1.4-01' : 'R12.1.4-02';
  refuse('INVALID_PSK', requirement, 'reinit and branch PSKs are not for commits of a running group');
}

/** §12.1.5: never to an older version, and not by this client to what it does not support (R12.1.5-03). */
function validateReInit(
  reinit: ProposalOf<typeof ProposalType.reinit>,
  { groupContext }: ProposalEpoch,
  { sending }: Pick<LeafValidation, 'sending'>,
): void {
  const { version, cipherSuite } = reinit;
  if (version < groupContext.version) {
    refuse(
      'INVALID_PROPOSAL',
      'R12.1.5-01',
      `version ${groupContext.version} or newer expected, found ${version}`,
    );
  }
  // Others can process it, but nobody who proposes it could join the new group.
  if (sending === true && !isEnterable(reinit)) {
    refuse(
      'WRONG_CIPHER_SUITE',
      'R12.1.5-03',
      `version ${version} with suite ${cipherSuite} is not supported`,
    );
  }
}

/** Says whether this client could enter the group that a ReInit asks for (R12.1.5-03). */
export function isEnterable({ version, cipherSuite }: Pick<ReInit, 'version' | 'cipherSuite'>): boolean {
  return version === ProtocolVersion.mls10 && isSupportedCipherSuite(cipherSuite);
}

/** §12.1.6: only inside of an external Commit. */
function validateExternalInit(sender: Sender): void {
  if (sender.senderType !== SenderType.newMemberCommit) {
    refuse('INVALID_PROPOSAL', 'R12.1.6-01', 'ExternalInit belongs into an external Commit');
  }
}

/** §12.1.7: known content, no GREASE, external senders that the application accepts (R13.5-03, R13.5-05, R5.3.1-06). */
function validateGroupContextExtensions(
  proposal: ProposalOf<typeof ProposalType.groupContextExtensions>,
  by: LeafValidation,
): void {
  demandsOf(proposal);
  for (const sender of presentedSendersOf(proposal)) by.identities.requireValid(sender);
}

/** Gives what the application has to be asked before a proposal can be validated (RFC 9420 §5.3.1). */
export function questionsOfProposal(
  proposal: Proposal,
  sender: Sender,
  tree: RatchetTree,
): readonly IdentityQuestion[] {
  switch (proposal.proposalType) {
    case ProposalType.add:
      return [{ kind: 'credential', presented: proposal.keyPackage.leafNode }];
    case ProposalType.update:
      return sender.senderType === SenderType.member
        ? questionsOfReplacement(proposal.leafNode, sender.leafIndex, tree)
        : [];
    case ProposalType.groupContextExtensions:
      return presentedSendersOf(proposal).map((presented) => ({ kind: 'credential', presented }));
    case ProposalType.remove:
    case ProposalType.psk:
    case ProposalType.reinit:
    case ProposalType.externalInit:
      return [];
  }
}

/** Gives the signatures that have to be verified of a proposal, as far as there can be many (RFC 9420 §10.1). */
export function signaturesOfProposal(proposal: Proposal): readonly SignatureClaim[] {
  if (proposal.proposalType !== ProposalType.add) return [];
  return signaturesOfKeyPackage(proposal.keyPackage);
}

/** Gives what has to be asked when a member replaces its leaf: validity, and succession. */
export function questionsOfReplacement(
  leafNode: PresentedCredential,
  leafIndex: LeafIndex,
  tree: RatchetTree,
): readonly IdentityQuestion[] {
  const old = tree.findLeaf(leafIndex);
  const question: IdentityQuestion = { kind: 'credential', presented: leafNode };
  return old === undefined ? [question] : [question, { kind: 'successor', old, presented: leafNode }];
}
