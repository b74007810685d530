/**
 * Trees whose nodes are whole but stand in the wrong places.
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { equal } from '@canopy/crypto';
import { nodesOfTree, RatchetTreeNodes, treeFromNodes } from '@canopy/mls';
import type { Choices } from '../choices.ts';
import { attempt, check } from '../finding.ts';
import { timed } from '../slow.ts';
import type { World } from '../structure/world.ts';

type Change = (choices: Choices, nodes: RatchetTreeNodes) => RatchetTreeNodes;

const swap: Change = (choices, nodes) => {
  const [a, b] = [choices.below(nodes.length), choices.below(nodes.length)];
  return nodes.with(a, nodes[b]).with(b, nodes[a]);
};
const blank: Change = (choices, nodes) => nodes.with(choices.below(nodes.length), undefined);
const double: Change = (choices, nodes) =>
  nodes.toSpliced(choices.below(nodes.length), 0, choices.oneOf(nodes));
const drop: Change = (choices, nodes) => nodes.toSpliced(choices.below(nodes.length), 1);

/** Puts the nodes of a tree into wrong places: the tree is refused, or has exactly these nodes. */
export async function shuffleNodes({ choices, counts }: World, nodes: RatchetTreeNodes): Promise<void> {
  const kinds = [swap, blank, double, drop];
  let shuffled = nodes;
  for (let count = choices.between(1, 3); count > 0 && shuffled.length > 0; count--) {
    shuffled = choices.oneOf(kinds)(choices, shuffled);
  }
  const what = `a tree of ${shuffled.length} nodes in wrong places`;
  const result = await timed(what, () => attempt(what, () => nodesOfTree(treeFromNodes(shuffled))));
  counts.add('input shuffled tree');
  if (result.kind === 'refused') {
    counts.add(`refusal ${result.refusal.code}`);
    return;
  }
  const isSame = equal(encode(RatchetTreeNodes, result.value), encode(RatchetTreeNodes, shuffled));
  check(isSame, `${what}: it is another tree`);
}
