import { expect } from '@jest/globals';

import { equal } from '@canopy/crypto';

import { ProposalOrRefType, type Commit, type ProposalOrRef } from '../../src/commits/commit.ts';
import type { CommitRequest } from '../../src/commits/create-commit.ts';
import { createExtension, type Extension } from '../../src/extensions/extension.ts';
import { RequiredCapabilities } from '../../src/extensions/required-capabilities.ts';
import { ContentType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { Group } from '../../src/group/group.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ExtensionType, ProposalType, WireFormat } from '../../src/registries.ts';
import { PSKType, ResumptionPSKUsage, type PreSharedKeyID, type PskStore } from '../../src/schedule/psk.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { LeafNodeSource, type LeafNodeContent } from '../../src/tree/leaf-node.ts';
import { commitIn, forge, forgeCommit, resignLeaf, type Forgery } from '../forge.ts';
import {
  bytes,
  empty,
  expectAgreement,
  follow,
  receive,
  snapshot,
  stage,
  suite1,
  text,
  type Peer,
} from '../parties.ts';

/*
 * Proposals of every kind, and commits that list them as no rule allows.
 */

export const publicly = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };

export const removeLeaf = (leaf: number): Proposal => ({
  proposalType: ProposalType.remove,
  removed: toLeafIndex(leaf),
});

export const replaceExtensions = (...extensions: readonly Extension[]): Proposal => ({
  proposalType: ProposalType.groupContextExtensions,
  extensions,
});

/** The extension that demands something of every member. */
export const demanding = (more: Partial<RequiredCapabilities>): Extension =>
  createExtension(ExtensionType.requiredCapabilities, RequiredCapabilities, {
    extensionTypes: [],
    proposalTypes: [],
    credentialTypes: [],
    ...more,
  });

export const externalPsk = (id: string, pskNonce: Uint8Array = suite1.random(32)): PreSharedKeyID => ({
  pskType: PSKType.external,
  pskId: bytes(id),
  pskNonce,
});

export const resumptionPsk = (
  pskGroupId: Uint8Array,
  pskEpoch: bigint,
  usage: 1 | 2 | 3 = ResumptionPSKUsage.application,
): PreSharedKeyID => ({
  pskType: PSKType.resumption,
  usage,
  pskGroupId,
  pskEpoch,
  pskNonce: suite1.random(32),
});

export const mixIn = (psk: PreSharedKeyID): Proposal => ({ proposalType: ProposalType.psk, psk });

export const reinitTo = (cipherSuite: number, version = 1): Proposal => ({
  proposalType: ProposalType.reinit,
  groupId: bytes('the group after'),
  version,
  cipherSuite,
  extensions: [],
});

/** Knows the external keys whose ids begin with "known": the key is the id, written backwards. */
export const knownPsks: PskStore = {
  findExternalPsk: (id) => (text(id).startsWith('known') ? id.toReversed() : undefined),
  findResumptionPsk: () => undefined,
};

export const byValue = (proposal: Proposal): ProposalOrRef => ({
  type: ProposalOrRefType.proposal,
  proposal,
});
export const byReference = (reference: Uint8Array): ProposalOrRef => ({
  type: ProposalOrRefType.reference,
  reference,
});

/** An Update of a member with a fresh key, in which something is changed. */
export function updateOf(peer: Peer, change: Partial<LeafNodeContent> = {}): Proposal {
  const leaf = peer.group.state.tree.findLeaf(peer.group.state.ownLeafIndex);
  if (leaf === undefined) throw new Error('a leaf expected');
  const { publicKey: encryptionKey } = suite1.hpke.generateKeyPair();
  const source = { leafNodeSource: LeafNodeSource.update };
  const leafNode = resignLeaf(peer, leaf, { encryptionKey, source, ...change });
  return { proposalType: ProposalType.update, leafNode };
}

/** A signed and tagged proposal of a member that checks nothing. */
export function forgeProposal(peer: Peer, proposal: Proposal): MLSMessage {
  return forge(peer, { contentType: ContentType.proposal, proposal });
}

/** A commit with a true path, but with other proposals than were made for it. */
export function listing(peer: Peer, ...proposals: readonly ProposalOrRef[]): Promise<MLSMessage> {
  return framedListing(peer, {}, ...proposals);
}

/** The same, framed as the forger likes. */
export function framedListing(
  peer: Peer,
  how: Forgery,
  ...proposals: readonly ProposalOrRef[]
): Promise<MLSMessage> {
  const request = { forcePath: true, includeReceived: false };
  return forgeCommit(peer, (commit) => ({ ...commit, proposals }), request, how);
}

/** A commit without a path. */
export function pathless(peer: Peer, ...proposals: readonly ProposalOrRef[]): MLSMessage {
  return framedPathless(peer, {}, ...proposals);
}

/** The same, framed as the forger likes. */
export function framedPathless(peer: Peer, how: Forgery, ...proposals: readonly ProposalOrRef[]): MLSMessage {
  const commit: Commit = { proposals, path: undefined };
  return forge(peer, { contentType: ContentType.commit, commit }, how);
}

/** A member that believes every tag, with the state of another. */
export function credulous({ party, group }: Peer): Peer {
  const { suite } = group.state;
  const believing = { ...suite, mac: { ...suite.mac, verify: () => true } };
  return { party, group: new Group({ ...group.state, suite: believing }, party.options) };
}

/** Gives the tag that a member would have expected for a commit. */
export async function trueTag(witness: Peer, message: MLSMessage): Promise<Uint8Array> {
  const { state } = await stage(credulous(witness), message);
  const { secrets, groupContext } = state;
  return suite1.mac.compute(secrets.confirmationKey, groupContext.confirmedTranscriptHash);
}

/** Signs and tags a commit of the forger's own making; the witness, who stays as it is, gives the true tag. */
export async function confirmedCommit(peer: Peer, commit: Commit, witness: Peer): Promise<MLSMessage> {
  const body = { contentType: ContentType.commit, commit };
  const confirmationTag = await trueTag(witness, forge(peer, body));
  return forge(peer, body, { confirmationTag });
}

/** Requires that a member refuses to propose something and is the same as before. */
export async function expectNotProposed(
  peer: Peer,
  proposal: Proposal,
  code: string,
  requirement: string,
): Promise<void> {
  const before = snapshot(peer);
  await expect(peer.group.propose(proposal, publicly)).rejects.toMatchObject({ code, requirement });
  expect(snapshot(peer)).toBe(before);
}

/** Requires that a member refuses to commit something and is the same as before. */
export async function expectNotCommitted(
  peer: Peer,
  request: Partial<CommitRequest>,
  code: string,
  requirement: string,
): Promise<void> {
  const before = snapshot(peer);
  await expect(peer.group.commit({ includeReceived: false, ...request })).rejects.toMatchObject({
    code,
    requirement,
  });
  expect(snapshot(peer)).toBe(before);
}

/** Lets a member propose something, and all others hear of it. */
export async function spread(
  proposer: Peer,
  all: readonly Peer[],
  ...proposals: readonly Proposal[]
): Promise<void> {
  for (const proposal of proposals) {
    const message = await proposer.group.propose(proposal, publicly);
    for (const peer of all) if (peer !== proposer) await receive(peer, message);
  }
}

/** Lets a member commit, all others follow; gives what was committed. */
export async function settle(
  committer: Peer,
  all: readonly Peer[],
  request: Partial<CommitRequest> = {},
): Promise<readonly Proposal[]> {
  const cache = committer.group.state.proposals;
  const { message, staged } = await committer.group.commit({ ...request, ...publicly });
  for (const peer of all) if (peer !== committer) await follow(peer, message);
  committer.group.keep(staged);
  expectAgreement(all.filter(({ group }) => group.state.status.kind !== 'removed'));
  return commitIn(message).proposals.map((entry) => {
    if (entry.type === ProposalOrRefType.proposal) return entry.proposal;
    const cached = cache.find(({ reference }) => equal(reference, entry.reference));
    if (cached === undefined) throw new Error('a known proposal expected');
    return cached.proposal;
  });
}
