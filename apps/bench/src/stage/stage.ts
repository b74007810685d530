/**
 * Where the libraries are measured: each of them enters a group of the same tree, among puppets that never answer.
 *
 * @module
 */

import { decodeMessage, encodeMessage, ProposalType, WireFormat, type CommitRequest } from '@canopy/mls';
import type { Cast } from './cast.ts';
import {
  additionsOf,
  commitAs,
  emptyGroup,
  foundGroup,
  removalsOf,
  warmUp,
  type FoundedGroup,
  type PuppetGroup,
} from './puppet-group.ts';

/** The groups of one size that libraries enter. They stay as they are: everybody who enters does so on its own. */
export interface Stage {
  readonly cast: Cast;
  readonly members: number;
  /** As it was founded, with no other commit. */
  readonly fresh: FoundedGroup;
  /** After a commit of every member. */
  readonly warm: PuppetGroup;
  /** As wide as the others, but with the first and the last member alone; undefined for less than three. */
  readonly emptied: PuppetGroup | undefined;
}

/** Builds the groups of one size, in time N log N. */
export async function buildStage(cast: Cast, members: number): Promise<Stage> {
  const fresh = await foundGroup(cast, members);
  const warm = await warmUp(fresh);
  const emptied = members < 3 ? undefined : await emptyGroup(fresh);
  return { cast, members, fresh, warm, emptied };
}

/** The leaves that live members take in a group of at least four: near to each other, and far away. */
export function liveLeaves(members: number): readonly [first: number, near: number, far: number] {
  return [0, 1, members - 1];
}

/**
 * Lets live members take the places of three puppets of the warm group; they have to commit for it to be warm again.
 * Additions fill the leftmost blank leaves, so that each gets the place of its KeyPackage.
 */
export function replaceThree(stage: Stage, keyPackages: readonly Uint8Array[]): Promise<Uint8Array> {
  const proposals = [...removalsOf(liveLeaves(stage.members)), ...additionsOfEncoded(keyPackages)];
  return welcomeTo(stage.warm, Math.floor(stage.members / 2), proposals);
}

/** Fills the emptied group by a commit without a path: all whom it adds, a live member last, are unmerged leaves. */
export function fillUnmerged(stage: Stage, keyPackage: Uint8Array): Promise<Uint8Array> {
  if (stage.emptied === undefined) throw new Error('a group of at least three expected');
  const puppets = additionsOf(stage.cast.puppets(1, stage.members - 3));
  return welcomeTo(stage.emptied, 0, [...puppets, ...additionsOfEncoded([keyPackage])]);
}

async function welcomeTo(
  group: PuppetGroup,
  committer: number,
  proposals: CommitRequest['proposals'],
): Promise<Uint8Array> {
  const { welcome } = await commitAs(group, committer, { proposals });
  if (welcome === undefined) throw new Error('a commit that adds has a Welcome');
  return encodeMessage({ wireFormat: WireFormat.welcome, welcome });
}

function additionsOfEncoded(keyPackages: readonly Uint8Array[]): CommitRequest['proposals'] {
  return keyPackages.map((bytes) => {
    const message = decodeMessage(bytes);
    if (message.wireFormat !== WireFormat.keyPackage) throw new Error('a KeyPackage expected');
    return { proposalType: ProposalType.add, keyPackage: message.keyPackage };
  });
}
