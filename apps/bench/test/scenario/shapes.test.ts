import { describe, expect, it } from '@jest/globals';

import type { Shape } from '../../src/floor/floor.ts';
import { shapesOf } from '../../src/scenario/shapes.ts';
import { Cast } from '../../src/stage/cast.ts';
import { Stage } from '../../src/stage/stage.ts';
import { settingOf } from './play.ts';

const cast = new Cast(1);

async function shapes(members: number): Promise<(name: string) => Shape> {
  const found = new Map<string, Shape>();
  for await (const { tree, operation, shape } of shapesOf(new Stage(cast, members), settingOf(members))) {
    found.set(`${tree} ${operation}`, shape);
  }
  return (name) => {
    const shape = found.get(name);
    if (shape === undefined) throw new Error(`no shape of ${name}`);
    return shape;
  };
}

describe('the sizes of the operations', () => {
  it('follow the tree of ten members: four levels, six blank leaves at the end', async () => {
    const of = await shapes(10);
    const path = [1, 1, 1, 1];
    expect(of('warm commit-create')).toMatchObject({ members: 10, leafCount: 16 });
    expect(of('warm commit-create').commit).toMatchObject({ path, added: 0, references: 0, changedNodes: 5 });
    expect(of('warm commit-process-near').commit).toMatchObject({ path, derived: 4 });
    expect(of('warm commit-process-far').commit).toMatchObject({ path, derived: 1 });
    expect(of('warm protect-10240').dataBytes).toBe(10_240);
  });

  it('follow the members that come and go', async () => {
    const of = await shapes(10);
    // Leaf 10 and the four nodes above it.
    expect(of('warm add-create').commit).toMatchObject({ path: undefined, added: 1, changedNodes: 5 });
    expect(of('warm join').tree).toEqual({
      leaves: 11,
      parents: 9,
      nodes: 31,
      derived: 0,
      originalHashes: 0,
    });
    expect(of('warm remove-create').members).toBe(11);
    // The root is above both leaf 0 and leaf 10.
    expect(of('warm remove-create').commit).toMatchObject({ path: [1, 1, 1, 1], added: 0, changedNodes: 9 });
    expect(of('warm commit-10-references-create').commit).toMatchObject({ added: 10, references: 10 });
    expect(of('warm external-join').tree).toMatchObject({ leaves: 10, parents: 9 });
    expect(of('warm external-join-process').commit).toMatchObject({ added: 0, derived: 1 });
  });

  it('of a new group: all are added by a commit without a path', async () => {
    const of = await shapes(10);
    expect(of('fresh create-group').members).toBe(1);
    expect(of('fresh create-group').commit).toMatchObject({ path: undefined, added: 9, derived: 0 });
    expect(of('fresh join').tree).toEqual({
      leaves: 10,
      parents: 0,
      nodes: 31,
      derived: 0,
      originalHashes: 0,
    });
  });

  it('of a tree with unmerged leaves: the hashes without them are counted', async () => {
    const of = await shapes(10);
    // Leaf 8 is the one unmerged leaf on the right: it, and the three nodes from it up to below the root.
    expect(of('unmerged join').tree).toMatchObject({ leaves: 10, parents: 1, originalHashes: 4 });
  });

  it('of a full tree that is extended: the whole new half is hashed', async () => {
    const of = await shapes(2);
    // The new root, and on its right a parent, the new leaf, and a blank one.
    expect(of('warm add-create').commit?.changedNodes).toBe(4);
  });

  it('say how many bytes the messages have', async () => {
    const of = await shapes(3);
    for (const name of ['commit-create', 'add-create', 'remove-create', 'external-join']) {
      expect(of(`warm ${name}`).commit?.bytes).toBeGreaterThan(200);
    }
    // The tree travels beside the Welcome: its GroupInfo does not grow with it.
    const { groupInfoBytes } = of('warm join');
    expect(groupInfoBytes).toBeGreaterThan(200);
    expect((await shapes(10))('warm join').groupInfoBytes).toBe(groupInfoBytes);
  });
});
