/**
 * Commits: made, kept, followed.
 *
 * @module
 */

import type { mlsClient } from '@canopy/contract';
import { decodeMessage, encodeMessage, Group, type StagedCommit } from '@canopy/mls';
import type { Cast, Member } from './actors.ts';
import { CallRefusal } from './call-refusal.ts';
import type { CallsNamed } from './calls.ts';
import { createTransaction, optionsOf, suiteOf } from './clients.ts';
import { infoRequest } from './groups.ts';
import { describedProposal, framingOf, learnProposals } from './proposals.ts';
import { writeKeyPackage, writeTree, writeWelcome } from './wire.ts';

async function commit(cast: Cast, member: Member, request: mlsClient.CommitRequest) {
  const references = await learnProposals(member, request.byReference);
  const { group } = member;
  commitOnly(member, references);
  const created = await member.group.commit({
    proposals: request.byValue.map((description) => describedProposal(group.state, description)),
    forcePath: request.forcePath,
    welcomeInfo: infoRequest(cast, request.externalTree, false),
    ...framingOf(member),
  });
  member.pending = created.staged;
  return {
    commit: encodeMessage(created.message),
    welcome: writeWelcome(created.welcome),
    ratchetTree: request.externalTree ? writeTree(created.staged.state.tree) : new Uint8Array(0),
  };
}

/** A script names what is committed and in which order; a member of its own accord takes all that it knows. */
function commitOnly(member: Member, references: readonly Uint8Array[]): void {
  const { state } = member.group;
  const proposals = references.map((reference) => {
    const found = state.proposals.find((cached) => Buffer.compare(cached.reference, reference) === 0);
    if (found === undefined) throw new CallRefusal('INVALID_ARGUMENT', 'a proposal is not of this epoch');
    return found;
  });
  member.group = new Group({ ...state, proposals }, optionsOf(member.psks));
}

function keep(member: Member, staged: StagedCommit): void {
  member.group.keep(staged);
  member.pending = undefined;
  member.proposals.clear();
}

function keepPending(member: Member): void {
  if (member.pending === undefined) throw new CallRefusal('INVALID_ARGUMENT', 'no commit is pending');
  keep(member, member.pending);
}

async function follow(member: Member, request: mlsClient.HandleCommitRequest): Promise<void> {
  await learnProposals(member, request.proposal);
  const received = await member.group.process(decodeMessage(request.commit));
  if (received.kind !== 'commit') {
    throw new CallRefusal('INVALID_ARGUMENT', `a commit expected, found ${received.kind}`);
  }
  const lost = member.pending;
  keep(member, received.staged);
  if (lost !== undefined && lost !== received.staged) member.group.drop(lost);
}

/** The calls about commits, those that end a group with a ReInit included. */
export function commitCalls(
  cast: Cast,
): CallsNamed<
  | 'commit'
  | 'reInitCommit'
  | 'handleCommit'
  | 'handlePendingCommit'
  | 'handlePendingReInitCommit'
  | 'handleReInitCommit'
> {
  const state = (stateId: number) => {
    const { epochAuthenticator } = cast.members.get(stateId).group;
    return { stateId, epochAuthenticator };
  };
  return {
    commit: (request) => commit(cast, cast.members.get(request.stateId), request),
    reInitCommit: (request) => commit(cast, cast.members.get(request.stateId), request),
    async handleCommit(request) {
      await follow(cast.members.get(request.stateId), request);
      return state(request.stateId);
    },
    handlePendingCommit({ stateId }) {
      keepPending(cast.members.get(stateId));
      return state(stateId);
    },
    handlePendingReInitCommit({ stateId }) {
      const member = cast.members.get(stateId);
      keepPending(member);
      return awaitWelcome(cast, member);
    },
    async handleReInitCommit(request) {
      const member = cast.members.get(request.stateId);
      await follow(member, request);
      return awaitWelcome(cast, member);
    },
  };
}

/** Makes the KeyPackage with which a member can go on after a ReInit. */
function awaitWelcome(cast: Cast, member: Member) {
  const { status } = member.group.state;
  if (status.kind !== 'reinitialized') {
    throw new CallRefusal('INVALID_ARGUMENT', 'the commit held no ReInit');
  }
  const { credential } = member.identity;
  const name = credential.credentialType === 1 ? credential.identity : new Uint8Array(0);
  const transaction = createTransaction(suiteOf(status.reinit.cipherSuite), name, cast.grease);
  return {
    reinitId: cast.reinitializing.add({ member, transaction }),
    keyPackage: writeKeyPackage(transaction.keyPackage.keyPackage),
    epochAuthenticator: member.group.epochAuthenticator,
  };
}
