import { describe, expect, it } from '@jest/globals';

import { LeafNodeSource, type RatchetTree } from '@canopy/mls';
import { createCanopy } from '../../src/peers/canopy.ts';
import { enterStage, membersOf } from '../../src/scenario/live-group.ts';
import { Cast } from '../../src/stage/cast.ts';
import { Stage } from '../../src/stage/stage.ts';
import { isBetweenMembers, parentsOf, treeIn } from './trees.ts';

const canopy = createCanopy('node');
const cast = new Cast(1);
const sizes = [2, 5, 10];

function expectWarm(tree: RatchetTree): void {
  for (const parent of parentsOf(tree)) {
    expect({ index: parent.index, hasKey: parent.node !== undefined }).toEqual({
      index: parent.index,
      hasKey: isBetweenMembers(parent),
    });
    expect(parent.node?.unmergedLeaves ?? []).toEqual([]);
  }
  for (const { leafNode } of tree.members()) {
    expect(leafNode.source.leafNodeSource).toBe(LeafNodeSource.commit);
  }
}

const leavesOf = (tree: RatchetTree): number[] => Array.from(tree.members(), ({ leafIndex }) => leafIndex);
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('the groups of a stage', () => {
  it.each(sizes)('fresh: %d members, no parent has a key', async (members) => {
    const { state } = await new Stage(cast, members).fresh();
    expect(leavesOf(state.tree)).toEqual(range(members));
    expect(parentsOf(state.tree).filter(({ node }) => node !== undefined)).toEqual([]);
  });

  it.each(sizes)(
    'warm: %d members have committed, and every parent between them has a key',
    async (members) => {
      const { state } = await new Stage(cast, members).warm();
      expect(leavesOf(state.tree)).toEqual(range(members));
      expectWarm(state.tree);
    },
  );

  it.each([3, 5, 10])('unmerged: of %d members, all but two are unmerged leaves', async (members) => {
    const joiner = await canopy.createClient(1, 'joiner');
    const stage = new Stage(cast, members);
    const invitation = await stage.inviteUnmerged(await joiner.createKeyPackage(), 'beside');
    const { welcome, ratchetTree, proofs } = invitation;
    const joined = await joiner.join(welcome, ratchetTree);
    const tree = treeIn(await joined.groupInfo());
    expect(proofs[0]).toEqual(await joined.epochAuthenticator());
    expect(leavesOf(tree)).toEqual(range(members));
    const keyed = parentsOf(tree).filter(({ node }) => node !== undefined);
    expect(keyed.map(({ node, index }) => [index, node?.unmergedLeaves])).toEqual([
      [tree.root.index, range(members).slice(1, -1)],
    ]);
  });
});

describe('entering a stage', () => {
  it.each([2, 3, 4, 5, 10])(
    'live members stand at the ends of %d, in a tree that is warm',
    async (members) => {
      const group = await enterStage(canopy, new Stage(cast, members));
      const tree = treeIn(await group.first.groupInfo());
      expectWarm(tree);
      const names = Array.from(tree.members(), ({ leafNode: { credential } }) =>
        'identity' in credential ? Buffer.from(credential.identity).toString() : '',
      );
      expect(names).toHaveLength(members);
      expect(names.slice(0, 2)).toEqual(['first', 'near']);
      expect(names.at(-1)).toBe(members === 2 ? 'near' : 'far');
      expect(membersOf(group)).toHaveLength(Math.min(members, 3));
    },
  );

  it('is possible for one library after the other, each in an epoch of its own', async () => {
    const stage = new Stage(cast, 5);
    const one = await enterStage(canopy, stage);
    const other = await enterStage(canopy, stage);
    expect(await other.first.epochAuthenticator()).not.toEqual(await one.first.epochAuthenticator());
  });
});
