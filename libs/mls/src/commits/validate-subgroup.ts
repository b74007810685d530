/**
 * What ties a new group to the one it comes from: reinitialization and branching (RFC 9420 §11.2, §11.3, §12.4.3.1).
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { equal } from '@canopy/crypto';
import type { IdentityAnswers } from '../credentials/identity.ts';
import { refuse } from '../errors.ts';
import { Extensions } from '../extensions/extension.ts';
import type { GroupState } from '../group/state.ts';
import type { GroupContext } from '../schedule/group-context.ts';
import { PSKType, ResumptionPSKUsage, type PreSharedKeyID, type SubgroupPsk } from '../schedule/psk.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';

/** A group that somebody founded on the secrets of another one. */
export interface Subgroup {
  readonly psk: SubgroupPsk;
  readonly oldGroup: GroupState;
  readonly groupContext: GroupContext;
  readonly tree: RatchetTree;
}

/** Finds the PSK that ties a new group to an old one. @throws MlsError INVALID_WELCOME for several (R12.4.3.1-06) */
export function findSubgroupPsk(psks: readonly PreSharedKeyID[]): SubgroupPsk | undefined {
  const special = psks.filter(isSubgroupPsk);
  if (special.length > 1) {
    refuse('INVALID_WELCOME', 'R12.4.3.1-06', 'at most one reinit or branch PSK expected');
  }
  return special[0];
}

function isSubgroupPsk(id: PreSharedKeyID): id is SubgroupPsk {
  return id.pskType === PSKType.resumption && id.usage !== ResumptionPSKUsage.application;
}

/** Validates a new group against the one it comes from (RFC 9420 §11.2, §11.3). @throws MlsError INVALID_WELCOME */
export function validateSubgroup(subgroup: Subgroup, identities: IdentityAnswers): void {
  const { psk, groupContext, oldGroup } = subgroup;
  if (!equal(psk.pskGroupId, oldGroup.groupContext.groupId)) {
    const requirement = psk.usage === ResumptionPSKUsage.reinit ? 'R11.2-03' : 'R11.3-02';
    refuse('INVALID_WELCOME', requirement, 'the new group comes from another group than the given one');
  }
  if (groupContext.epoch !== 1n) {
    refuse('INVALID_WELCOME', 'R12.4.3.1-20', `epoch 1 expected, found ${groupContext.epoch}`);
  }
  if (psk.usage === ResumptionPSKUsage.reinit) validateReinitialized(subgroup, identities);
  else validateBranch(subgroup, identities);
}

/** §11.2: the group that the ReInit described, straight after the commit that ended the old one, with all its members. */
function validateReinitialized(subgroup: Subgroup, identities: IdentityAnswers): void {
  const { psk, oldGroup, groupContext, tree } = subgroup;
  const { status } = oldGroup;
  if (status.kind !== 'reinitialized') {
    refuse('INVALID_WELCOME', 'R11.2-06', 'the last commit of the old group held no ReInit');
  }
  if (psk.pskEpoch !== oldGroup.groupContext.epoch) {
    refuse(
      'INVALID_WELCOME',
      'R11.2-03',
      `a PSK of epoch ${oldGroup.groupContext.epoch} expected, found ${psk.pskEpoch}`,
    );
  }
  validateParameters(groupContext, status.reinit);
  if (!isSubset(oldGroup.tree, tree, identities)) {
    refuse('INVALID_WELCOME', 'R11.2-06', 'not every member of the old group is in the new one');
  }
}

function validateParameters(
  groupContext: GroupContext,
  reinit: Pick<GroupContext, 'groupId' | 'version' | 'cipherSuite' | 'extensions'>,
): void {
  const isAsked =
    equal(groupContext.groupId, reinit.groupId) &&
    groupContext.version === reinit.version &&
    groupContext.cipherSuite === reinit.cipherSuite &&
    equal(encode(Extensions, groupContext.extensions), encode(Extensions, reinit.extensions));
  if (!isAsked)
    refuse('INVALID_WELCOME', 'R11.2-02', 'the new group is not the one that the ReInit described');
}

/** §11.3: the same version and suite, nobody who was not there. */
function validateBranch({ psk, oldGroup, groupContext, tree }: Subgroup, identities: IdentityAnswers): void {
  const { version, cipherSuite } = oldGroup.groupContext;
  if (groupContext.version !== version || groupContext.cipherSuite !== cipherSuite) {
    refuse('INVALID_WELCOME', 'R11.3-03', `version ${version} and cipher suite ${cipherSuite} expected`);
  }
  const origin = [oldGroup, ...oldGroup.pastEpochs].find((one) => one.groupContext.epoch === psk.pskEpoch);
  if (origin === undefined) {
    refuse('EPOCH_NOT_RETAINED', 'R11.3-05', `the members of epoch ${psk.pskEpoch} are not known any more`);
  }
  if (!isSubset(tree, origin.tree, identities)) {
    refuse('INVALID_WELCOME', 'R11.3-05', 'the branch has a member that the old group has not');
  }
}

/** Says whether everybody in one tree is in another one too; who is the same is the application's matter (R11.3-05). */
function isSubset(tree: RatchetTree, other: RatchetTree, identities: IdentityAnswers): boolean {
  const count = new Map<string, number>();
  for (const { leafNode } of other.members()) {
    const identifier = identities.identifierOf(leafNode);
    count.set(identifier, (count.get(identifier) ?? 0) + 1);
  }
  for (const { leafNode } of tree.members()) {
    const identifier = identities.identifierOf(leafNode);
    const left = count.get(identifier) ?? 0;
    if (left === 0) return false;
    count.set(identifier, left - 1);
  }
  return true;
}
