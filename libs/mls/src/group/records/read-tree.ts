/**
 * From stored nodes to a ratchet tree; what does not fit is refused before any place is made for it.
 *
 * @module
 */

import { nodeCount } from '../../tree/math.ts';
import type { RatchetTree } from '../../tree/ratchet-tree.ts';
import { fitsPlace, treeOfNodes, withNodeChanges, type NodeChange } from '../../tree/tree-changes.ts';
import { invalidState } from './stored-parts.ts';

/** Makes a tree of its nodes. @throws MlsError INVALID_STATE */
export function readTree(leafCount: number, nodes: readonly NodeChange[]): RatchetTree {
  requireNodes(nodes, leafCount, 1);
  return treeOfNodes(leafCount, nodes);
}

/** Makes a tree of another one and what is different. @throws MlsError INVALID_STATE */
export function readChangedTree(
  tree: RatchetTree,
  leafCount: number,
  changes: readonly NodeChange[],
): RatchetTree {
  requireNodes(changes, leafCount, tree.leafCount);
  return withNodeChanges(tree, leafCount, changes);
}

function requireNodes(changes: readonly NodeChange[], leafCount: number, before: number): void {
  if (leafCount < 1 || !Number.isInteger(Math.log2(leafCount))) invalidState('a tree of an impossible size');
  const size = nodeCount(Math.max(leafCount, before));
  if (!changes.every((change) => change.index < size && fitsPlace(change))) {
    invalidState('a node that does not fit its place');
  }
  // §7.7: a tree grows for a member in its right half only, so no size is believed that nothing fills.
  const isFilled = changes.some(({ index, after }) => after !== undefined && index >= leafCount);
  if (leafCount > before && !isFilled) invalidState('a tree whose right half is empty');
}
