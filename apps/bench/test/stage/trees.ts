import {
  decodeMessage,
  ExtensionType,
  findExtension,
  RatchetTreeNodes,
  treeFromNodes,
  WireFormat,
  type RatchetTree,
} from '@canopy/mls';

type Slot = RatchetTree['root'];
type ParentSlot = Extract<Slot, { readonly kind: 'parent' }>;

/** Gives the tree that a GroupInfo carries. */
export function treeIn(groupInfo: Uint8Array): RatchetTree {
  const message = decodeMessage(groupInfo);
  if (message.wireFormat !== WireFormat.groupInfo) throw new Error('a GroupInfo expected');
  const nodes = findExtension(message.groupInfo.extensions, ExtensionType.ratchetTree, RatchetTreeNodes);
  if (nodes === undefined) throw new Error('a ratchet tree expected');
  return treeFromNodes(nodes);
}

/** Lists the parents of a tree. */
export function parentsOf(tree: RatchetTree): readonly ParentSlot[] {
  const below = (slot: Slot): ParentSlot[] =>
    slot.kind === 'leaf' ? [] : [slot, ...below(slot.left), ...below(slot.right)];
  return below(tree.root);
}

const hasMembers = (slot: Slot): boolean =>
  slot.kind === 'leaf' ? slot.node !== undefined : slot.members > 0;

/** Says whether a place has members on both sides: with all of its members committing, it gets a key. */
export function isBetweenMembers({ left, right }: ParentSlot): boolean {
  return hasMembers(left) && hasMembers(right);
}
