/**
 * Groups that the stage plays alone: the state of one member that can be that of any other.
 *
 * A state holds the epoch's secrets, which all members share, and what only one member has: its place, its signature key
 * and the private keys of its path. Making a commit needs none of the latter. So one state with another place and
 * signature key in it is another member that commits, and a group of puppets needs no member that processes.
 *
 * @module
 */

import { Group, ProposalType, toLeafIndex } from '@canopy/mls';
import type { CommitRequest, CreatedCommit, GroupState, LeafIndex } from '@canopy/mls';
import type { Cast, Puppet } from './cast.ts';
import { currentLifetime, groupOptions } from './identities.ts';

/** A group of puppets: puppet i stands at leaf i. */
export interface PuppetGroup {
  readonly cast: Cast;
  readonly state: GroupState;
}

/** A group that was just made by one commit, and the state of its founder before that. */
export interface FoundedGroup extends PuppetGroup {
  readonly alone: GroupState;
  readonly founding: CreatedCommit;
}

const puppetOptions = {
  ...groupOptions,
  policy: { ...groupOptions.policy, pastEpochs: 0, resumptionPsks: 0 },
};

/** Gives the member at a leaf of a group of puppets. It can commit, but not process. */
export function playMember({ cast, state }: PuppetGroup, leafIndex: number): Group {
  return new Group(
    {
      ...state,
      ownLeafIndex: toLeafIndex(leafIndex),
      signaturePrivateKey: cast.puppet(leafIndex).identity.signatureKeyPair.privateKey,
      keys: new Map(),
    },
    puppetOptions,
  );
}

/** Lets the member at a leaf make a commit; the group stays as it is. */
export function commitAs(
  group: PuppetGroup,
  leafIndex: number,
  request: Partial<CommitRequest> = {},
): Promise<CreatedCommit> {
  return playMember(group, leafIndex).commit({ welcomeInfo: plainInfo, ...request });
}

/** What a GroupInfo carries here: nothing that can travel beside it, or that some libraries refuse. */
export const plainInfo = { ratchetTree: false, externalPub: false, grease: false };

/** Lists additions. */
export function additionsOf(puppets: readonly Puppet[]): CommitRequest['proposals'] {
  return puppets.map(({ own: { keyPackage } }) => ({ proposalType: ProposalType.add, keyPackage }));
}

/** Lists removals. */
export function removalsOf(leafIndices: readonly number[]): CommitRequest['proposals'] {
  return leafIndices.map((leafIndex) => ({
    proposalType: ProposalType.remove,
    removed: toLeafIndex(leafIndex),
  }));
}

/** Founds a group: puppet 0 adds all others by one commit. */
export async function foundGroup(cast: Cast, members: number): Promise<FoundedGroup> {
  const { suite } = cast;
  const alone = await Group.create(
    {
      suite,
      // Text: mls-ts finds groups again by text alone.
      groupId: Buffer.from(Buffer.from(suite.random(16)).toString('hex')),
      identity: cast.puppet(0).identity,
      lifetime: currentLifetime(),
      extensions: [],
      grease: false,
    },
    puppetOptions,
  );
  const before = { cast, state: alone.state };
  const founding = await commitAs(before, 0, { proposals: additionsOf(cast.puppets(1, members - 1)) });
  return { cast, alone: before.state, founding, state: founding.staged.state };
}

/** Lets every member of a group commit once. */
export async function warmUp(group: PuppetGroup): Promise<PuppetGroup> {
  const { cast } = group;
  let { state } = group;
  for (const leafIndex of spreadLeaves(state.tree.leafCount)) {
    if (state.tree.findLeaf(leafIndex) === undefined) continue;
    const { staged } = await commitAs({ cast, state }, leafIndex, { forcePath: true });
    state = staged.state;
  }
  return { cast, state };
}

/**
 * Gives the leaves by their reversed bits: the first ones stand far apart and fill the upper nodes, so that the ones after
 * them encrypt to few. From left to right it would take N²/4 encryptions.
 */
function* spreadLeaves(leafCount: number): Generator<LeafIndex> {
  for (let i = 0; i < leafCount; i++) {
    let reversed = 0;
    for (let bit = 1; bit < leafCount; bit *= 2) reversed = reversed * 2 + (Math.floor(i / bit) % 2);
    yield toLeafIndex(reversed);
  }
}

/** Makes a group of two as wide as one of so many members: all between the first and the last leaf are removed. */
export async function emptyGroup(group: PuppetGroup): Promise<PuppetGroup> {
  const { cast, state } = group;
  const last = state.tree.memberCount - 1;
  const between = Array.from({ length: last - 1 }, (_, i) => i + 1);
  const { staged } = await commitAs(group, last, { proposals: removalsOf(between) });
  return { cast, state: staged.state };
}
