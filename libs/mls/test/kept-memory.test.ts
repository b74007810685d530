import { describe, expect, it } from '@jest/globals';

import type { GroupState } from '../src/group/state.ts';
import { ProposalType, WireFormat } from '../src/registries.ts';
import { GroupContext } from '../src/schedule/group-context.ts';
import { LeafNode } from '../src/tree/leaf-node.ts';
import { toLeafIndex, type LeafIndex } from '../src/tree/math.ts';
import type { ParentNode } from '../src/tree/parent-node.ts';
import { enter } from './outsider.ts';
import { commitBy, found, joiner, overTheWire, party, type Peer } from './parties.ts';

/*
 * What is decoded are views of the message's bytes. A state that kept one of them would keep the whole message in
 * memory, which with its ciphertexts, or with a tree, is many times as large.
 */

/** All memory that a value holds on to, also by what is not enumerable. */
function memoryOf(
  value: unknown,
  seen = new Set<object>(),
  memory = new Set<ArrayBufferLike>(),
): Set<ArrayBufferLike> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return memory;
  seen.add(value);
  if (value instanceof Uint8Array) {
    memory.add(value.buffer);
    return memory;
  }
  const parts: unknown[] =
    value instanceof Map ? [...value] : Reflect.ownKeys(value).map((key) => Reflect.get(value, key));
  for (const part of parts) memoryOf(part, seen, memory);
  return memory;
}

/** The sizes of the memory that both of two values hold on to. */
const sharedSizes = (value: unknown, other: unknown): number[] => {
  const memory = memoryOf(other);
  return [...memoryOf(value)].filter((one) => memory.has(one)).map(({ byteLength }) => byteLength);
};

/** The sizes of what a state shares with a message beside the memory that a leaf in it has to itself. */
function foreignSizes(state: GroupState, message: unknown, ...own: readonly LeafIndex[]): number[] {
  const apart = memoryOf(own.map((leaf) => state.tree.findLeaf(leaf)));
  const memory = memoryOf(message);
  return [...memoryOf(state)]
    .filter((one) => memory.has(one) && !apart.has(one))
    .map(({ byteLength }) => byteLength);
}

const sizesOf = (value: unknown): number[] => [...memoryOf(value)].map(({ byteLength }) => byteLength);

/** The keys and hashes of the nodes above a leaf. */
function pathAbove(
  { tree }: GroupState,
  leaf: LeafIndex,
): Pick<ParentNode, 'encryptionKey' | 'parentHash'>[] {
  return tree.directPath(leaf).flatMap(({ node }) => (node === undefined ? [] : [node]));
}

/** Seven members; what one of them commits is encrypted to many. */
async function seven(): Promise<readonly [Peer, Peer, ...Peer[]]> {
  const founder = await found(party('member 0'));
  const others = Array.from({ length: 6 }, (_, at) => joiner(party(`member ${at + 1}`)));
  const [first, second, ...rest] = await commitBy(founder, [founder], {}, others);
  if (first === undefined || second === undefined) throw new Error('members expected');
  return [first, second, ...rest];
}

const WIRE_FORMATS = [
  ['PublicMessage', WireFormat.publicMessage],
  ['PrivateMessage', WireFormat.privateMessage],
] as const;

/** Requires that a state holds what an epoch is made of in memory of its own, as small as it can be. */
function expectOwnMemory({ groupContext, confirmationTag }: GroupState): void {
  expect(confirmationTag.buffer.byteLength).toBe(confirmationTag.length);
  const most = GroupContext.bytesOf(groupContext).length;
  for (const size of sizesOf(groupContext)) expect(size).toBeLessThanOrEqual(most);
}

/** Requires that a committer's leaf and the keys above it are in memory of their own. */
function expectOwnPath(state: GroupState, committer: LeafIndex): void {
  const leaf = state.tree.findLeaf(committer);
  if (leaf === undefined) throw new Error('a member expected');
  for (const size of sizesOf(leaf)) expect(size).toBe(LeafNode.bytesOf(leaf).length);
  const path = pathAbove(state, committer);
  expect(path.length).toBeGreaterThan(1);
  for (const { encryptionKey } of path) expect(encryptionKey.buffer.byteLength).toBe(encryptionKey.length);
  for (const { parentHash } of path) expect(parentHash.buffer.byteLength).toBe(parentHash.length);
}

describe('a member that joined by a Welcome', () => {
  it('keeps nothing of its GroupInfo but the context and the tag, which it copied', async () => {
    const [first] = await seven();
    const members = await commitBy(first, [first], { forcePath: true }, [joiner(party('newcomer'))]);
    const state = members.at(-1)?.group.state;
    if (state === undefined) throw new Error('a newcomer expected');
    expectOwnMemory(state);
    const leaves = Array.from(state.tree.members(), ({ leafNode }) => leafNode);
    expect(sharedSizes([state.groupContext, state.confirmationTag], leaves)).toEqual([]);
  });
});

describe.each(WIRE_FORMATS)('a member that processed a commit with a path in a %s', (_, wireFormat) => {
  it('keeps nothing of the message: not by the context, the tag, the leaf or the keys', async () => {
    const [first, second] = await seven();
    const { message, staged } = await first.group.commit({ forcePath: true, wireFormat });
    first.group.keep(staged);
    const arrived = overTheWire(message);
    const received = await second.group.process(arrived);
    if (received.kind !== 'commit') throw new Error('a commit expected');
    second.group.keep(received.staged);
    const { state } = second.group;
    const committer = first.group.state.ownLeafIndex;
    expect(foreignSizes(state, arrived, committer)).toEqual([]);
    expectOwnMemory(state);
    expectOwnPath(state, committer);
  });
});

describe('a member that processed an external Commit', () => {
  it('keeps nothing of the message', async () => {
    const [first] = await seven();
    const { message } = await enter(party('newcomer'), first);
    const arrived = overTheWire(message);
    const received = await first.group.process(arrived);
    if (received.kind !== 'commit') throw new Error('a commit expected');
    first.group.keep(received.staged);
    const { state } = first.group;
    expect(foreignSizes(state, arrived, toLeafIndex(7))).toEqual([]);
    expectOwnMemory(state);
    expectOwnPath(state, toLeafIndex(7));
  });
});

describe('a member that joined by an external Commit', () => {
  it('keeps nothing of the GroupInfo but a copy of the context', async () => {
    const [first] = await seven();
    const { peer } = await enter(party('newcomer'), first);
    expectOwnMemory(peer.group.state);
  });
});

describe('a member that processed a commit of proposals', () => {
  const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: new Uint8Array(500) };

  it('keeps nothing of the message that a new leaf came in, by an Add or by an Update', async () => {
    const [first, second, third] = await seven();
    if (third === undefined) throw new Error('a third member expected');
    const update = overTheWire(await third.group.proposeUpdate(framing));
    for (const { group } of [first, second]) await group.process(update);
    const newcomers = [joiner(party('one')), joiner(party('two'))];
    const { message, staged } = await first.group.commit({
      proposals: newcomers.map(
        ({ keyPackage }) => ({ proposalType: ProposalType.add, keyPackage: keyPackage.keyPackage }) as const,
      ),
      wireFormat: WireFormat.publicMessage,
    });
    first.group.keep(staged);
    const arrived = overTheWire(message);
    const received = await second.group.process(arrived);
    if (received.kind !== 'commit') throw new Error('a commit expected');
    second.group.keep(received.staged);
    const { state } = second.group;
    const changed = [0, 2, 7, 8].map(toLeafIndex);
    expect(foreignSizes(state, [update, arrived], ...changed)).toEqual([]);
    for (const leaf of changed) {
      const leafNode = state.tree.findLeaf(leaf);
      if (leafNode === undefined) throw new Error('a member expected');
      expect(sizesOf(leafNode)).toEqual([LeafNode.bytesOf(leafNode).length]);
    }
  });
});
