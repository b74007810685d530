/**
 * The parts of a shape that only some operations have.
 *
 * @module
 */

import type { CommitShape, JoinShape, Shape } from '../floor.ts';

/** Gives the commit of a shape. @throws TypeError when there is none */
export function commitOf({ commit }: Shape): CommitShape {
  if (commit === undefined) throw new TypeError('the shape of a commit expected');
  return commit;
}

/** Gives the tree of a shape. @throws TypeError when there is none */
export function treeOf({ tree }: Shape): JoinShape {
  if (tree === undefined) throw new TypeError('the shape of a tree expected');
  return tree;
}

/** Gives the path of a commit that has to have one. @throws TypeError when there is none */
export function pathOf({ path }: CommitShape): readonly number[] {
  if (path === undefined) throw new TypeError('the shape of a path expected');
  return path;
}
