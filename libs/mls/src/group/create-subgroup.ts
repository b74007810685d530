/**
 * How a member founds a group on the secrets of another one: after a ReInit (RFC 9420 §11.2), or as a branch (§11.3).
 *
 * The new group begins with its founder alone; a commit that nobody has to process adds the others and ties in the old
 * group's resumption PSK, so that the group starts for everybody at epoch 1.
 *
 * @module
 */

import { equal, isSupportedCipherSuite } from '@canopy/crypto';
import { createCommit, plainCommit } from '../commits/create-commit.ts';
import type { GroupInfoRequest } from '../commits/create-group-info.ts';
import { validateSubgroup } from '../commits/validate-subgroup.ts';
import type { Welcome } from '../commits/welcome.ts';
import type { IdentityQuestion } from '../credentials/identity.ts';
import { refuse } from '../errors.ts';
import { signaturesOfKeyPackage, type KeyPackage } from '../key-packages/key-package.ts';
import type { Proposal, ReInit } from '../proposals/proposal.ts';
import { ProposalType } from '../registries.ts';
import { PSKType, ResumptionPSKUsage, type SubgroupPsk } from '../schedule/psk.ts';
import type { Inquiry } from './ask-ahead.ts';
import { createGroup, questionsOfGroup, type GroupRequest } from './create-group.ts';
import type { Ports } from './ports.ts';
import { discardState, pskStoreOf, requireActive, retireState, type GroupState } from './state.ts';

/** What the new group is to be, beside what the old one decides. */
interface SubgroupRequest {
  readonly identity: GroupRequest['identity'];
  readonly lifetime: GroupRequest['lifetime'];
  readonly grease: boolean;
  /** The KeyPackages of the other members. */
  readonly keyPackages: readonly KeyPackage[];
  /** Whether the founder brings keys of its own into the first epoch. */
  readonly forcePath: boolean;
  readonly welcomeInfo: GroupInfoRequest;
}

/** What continues a group that has ended with a ReInit (RFC 9420 §11.2). */
export interface ReinitializeRequest extends SubgroupRequest {
  /** The suite that the ReInit names; identity and KeyPackages are of it. */
  readonly suite: GroupRequest['suite'];
}

/** What a branch is (RFC 9420 §11.3); it has the suite of the old group. */
export interface BranchRequest extends SubgroupRequest {
  readonly groupId: Uint8Array;
  readonly extensions: GroupRequest['extensions'];
}

/** A group founded on another one, in its epoch 1. */
export interface CreatedSubgroup {
  readonly state: GroupState;
  /** For all others; absent when there are none. */
  readonly welcome: Welcome | undefined;
}

/** A subgroup with all that decides what it is. */
export interface SubgroupPlan extends SubgroupRequest, GroupRequest {
  readonly psk: SubgroupPsk;
}

/** Plans the group that a ReInit described. @throws MlsError MISUSE, WRONG_CIPHER_SUITE */
export function planReinitialization(old: GroupState, request: ReinitializeRequest): SubgroupPlan {
  const { status } = old;
  if (status.kind !== 'reinitialized') {
    refuse('MISUSE', 'R11.2-01', 'only a group whose last commit held a ReInit is reinitialized');
  }
  const { groupId, extensions } = status.reinit;
  requireSuite(status.reinit, request);
  return { ...request, groupId, extensions, psk: subgroupPsk(old, ResumptionPSKUsage.reinit, request.suite) };
}

function requireSuite({ cipherSuite }: ReInit, { suite }: ReinitializeRequest): void {
  if (cipherSuite !== suite.id || !isSupportedCipherSuite(cipherSuite)) {
    refuse('WRONG_CIPHER_SUITE', 'R11.2-02', `cipher suite ${cipherSuite} expected, found ${suite.id}`);
  }
}

/** Plans a branch. @throws MlsError GROUP_ENDED, MISUSE */
export function planBranch(old: GroupState, request: BranchRequest): SubgroupPlan {
  requireActive(old);
  if (equal(request.groupId, old.groupContext.groupId)) {
    refuse('MISUSE', 'R12.4.3-05', 'a branch lives beside its old group and needs an id of its own');
  }
  const { suite } = old;
  return { ...request, suite, psk: subgroupPsk(old, ResumptionPSKUsage.branch, suite) };
}

/** R11.3-01: a fresh nonce of the new group's size; the key is the one of the old group's current epoch. */
function subgroupPsk(
  { groupContext }: GroupState,
  usage: SubgroupPsk['usage'],
  suite: GroupRequest['suite'],
): SubgroupPsk {
  const { groupId: pskGroupId, epoch: pskEpoch } = groupContext;
  return { pskType: PSKType.resumption, usage, pskGroupId, pskEpoch, pskNonce: suite.random(suite.kdf.size) };
}

/** Gives what has to be found out before a subgroup is made (RFC 9420 §5.3.1, §10.1). */
export function inquiryOfSubgroup(plan: SubgroupPlan): Inquiry {
  const signatures = plan.keyPackages.flatMap(signaturesOfKeyPackage);
  return { suite: plan.suite, identities: questionsOfSubgroup(plan), signatures };
}

function questionsOfSubgroup(plan: SubgroupPlan): readonly IdentityQuestion[] {
  const others = plan.keyPackages.map(({ leafNode }): IdentityQuestion => ({
    kind: 'credential',
    presented: leafNode,
  }));
  return [...questionsOfGroup(plan), ...others];
}

/** Makes the group of a plan and the Welcome for all others (RFC 9420 §11.2, §11.3). The old group stays as it is. */
export function createSubgroup(old: GroupState, plan: SubgroupPlan, ports: Ports): CreatedSubgroup {
  const { keyPackages, forcePath, welcomeInfo, psk } = plan;
  const first = createGroup(plan, ports);
  const proposals = keyPackages.map((keyPackage): Proposal => ({
    proposalType: ProposalType.add,
    keyPackage,
  }));
  const commit = { ...plainCommit, proposals, includeReceived: false, forcePath, welcomeInfo };
  // Nobody was in the epoch before: neither its messages nor its resumption PSK can be asked for.
  const policy = { ...ports.policy, pastEpochs: 0, resumptionPsks: 0 };
  const { staged, welcome } = createCommit(
    first,
    commit,
    { ...ports, policy, psks: pskStoreOf(old, ports.psks) },
    psk,
  );
  const { state } = staged;
  const { groupContext, tree } = state;
  try {
    validateSubgroup({ psk, oldGroup: old, groupContext, tree }, ports.identities);
  } catch (error) {
    discardState(state, first);
    throw error;
  } finally {
    retireState(first, state);
  }
  return { state, welcome };
}
