import { describe, expect, it } from '@jest/globals';

import { signGroupInfo, type GroupInfoTBS } from '../../src/commits/group-info.ts';
import { LeafNodeSource, signLeafNode } from '../../src/tree/leaf-node.ts';
import { nextPathSecret } from '../../src/tree/path-secrets.ts';
import { toLeafIndex, toNodeIndex, type NodeIndex } from '../../src/tree/math.ts';
import type { ParentNode } from '../../src/tree/parent-node.ts';
import { enter, invitation } from '../outsider.ts';
import {
  addOf,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  groupOf,
  join,
  joiner,
  party,
  removeOf,
  suite1,
  type Peer,
} from '../parties.ts';
import { asMessage, forgeWelcome, inviteTo, withNodes, type Invited } from '../refusal/forge-welcome.ts';
import type { Nodes } from '../tree/sample-trees.ts';
import { carriedHash, filtered, linksTo, parentsOf, slowParentHash } from '../tree/slow-tree.ts';
import { contentOfLeaf } from './07.3-places.ts';

/*
 * The tree that a joiner is given (RFC 9420 §12.4.3.1): its parents, and the keys that the joiner finds for them.
 *
 * Eight leaves, the last one blank: member 4 made the nodes 9 and 11. After that member 0 removed 1 and 3 and made the
 * nodes 3 and 7, the root. Two newcomers came to the leaves 1 and 3, unmerged in both; the joiner is the second one.
 */
const [ROOT, JOINER] = [7, 3];

interface Scene {
  readonly peers: readonly Peer[];
  readonly invited: Invited;
}

async function scene(): Promise<Scene> {
  const seven = await groupOf(Array.from({ length: 7 }, (_, at) => `member ${at}`));
  const [first, second, , fourth, fifth] = seven;
  if (!first || !second || !fourth || !fifth) throw new Error('seven expected');
  await commitBy(fifth, seven, { forcePath: true });
  const proposals = [second, fourth].map(removeOf);
  const peers = await commitBy(first, seven, { proposals, forcePath: true });
  const other = addOf(joiner(party('other')));
  return { peers, invited: await inviteTo(first, joiner(party('newcomer')), { proposals: [other] }) };
}

const changed =
  (index: number, change: Partial<ParentNode>) =>
  (nodes: Nodes): Nodes => {
    const node = nodes[index];
    if (node?.nodeType !== 2) throw new Error(`a parent expected at ${index}`);
    return nodes.with(index, { nodeType: 2, parentNode: { ...node.parentNode, ...change } });
  };

const withUnmerged = (index: number, ...leaves: readonly number[]): ((nodes: Nodes) => Nodes) =>
  changed(index, { unmergedLeaves: leaves.map(toLeafIndex) });

const keyIn = (nodes: Nodes, index: number): Uint8Array => {
  const node = nodes[index];
  if (node === undefined) throw new Error(`a node expected at ${index}`);
  return node.nodeType === 1 ? node.leafNode.encryptionKey : node.parentNode.encryptionKey;
};

/** Makes the parent hashes of the first member's path anew, and signs its leaf: as if its commit had been so. */
function sealed(nodes: Nodes, { group }: Peer): Nodes {
  const [three, five, seven, eleven] = [3, 5, 7, 11].map(toNodeIndex);
  if (!three || !five || !seven || !eleven) throw new Error('four expected');
  const upper = changed(3, { parentHash: slowParentHash(nodes, seven, eleven) })(nodes);
  const { signaturePrivateKey } = group.state;
  return withLeafHash(upper, slowParentHash(upper, three, five), signaturePrivateKey, group.groupId);
}

function withLeafHash(nodes: Nodes, parentHash: Uint8Array, key: Uint8Array, groupId: Uint8Array): Nodes {
  const [node] = nodes;
  if (node?.nodeType !== 1) throw new Error('a leaf expected');
  const source = { leafNodeSource: LeafNodeSource.commit, parentHash };
  const content = { ...contentOfLeaf(node.leafNode), source };
  const leafNode = signLeafNode(suite1, content, key, { groupId, leafIndex: toLeafIndex(0) });
  return nodes.with(0, { nodeType: 1, leafNode });
}

interface BadTree {
  readonly what: string;
  readonly code: string;
  readonly requirement: string;
  readonly ids: string;
  readonly change: (nodes: Nodes) => Nodes;
  /** Whether the parent hashes are left as they were: then they are what is wrong. */
  readonly asItWas?: boolean;
}

const unmerged = (what: string, requirement: string, change: BadTree['change'], ids?: string): BadTree => ({
  what,
  code: 'INVALID_UNMERGED_LEAVES',
  requirement,
  ids: ids ?? requirement,
  change,
});
const freshKey = (): Uint8Array => suite1.hpke.generateKeyPair().publicKey;

const badTrees: readonly BadTree[] = [
  unmerged('unmerged leaves that are not sorted', 'R7.1-01', withUnmerged(ROOT, 3, 1)),
  unmerged('an unmerged leaf that is listed twice', 'R7.1-01', withUnmerged(ROOT, 1, 1, 3)),
  unmerged(
    'an unmerged leaf that is a member, but not below the node (S3)',
    'R12.4.3.1-12',
    withUnmerged(3, 1, 3, 4),
  ),
  unmerged('an unmerged leaf to the left of the node (S3)', 'R12.4.3.1-12', withUnmerged(9, 0)),
  unmerged(
    'an unmerged leaf that is below the node, but blank (S3)',
    'R12.4.3.1-12',
    withUnmerged(ROOT, 1, 3, 7),
  ),
  unmerged('an unmerged leaf that the tree has no place for', 'R12.4.3.1-12', withUnmerged(ROOT, 1, 3, 8)),
  unmerged('an unmerged leaf at the end of the range', 'R12.4.3.1-12', withUnmerged(ROOT, 1, 3, 2 ** 32 - 1)),
  unmerged('an unmerged leaf that a node between does not list', 'R12.4.3.1-13', withUnmerged(ROOT, 1, 3, 6)),
  {
    what: 'one key in two parents',
    code: 'DUPLICATE_KEY',
    requirement: 'R12.4.3.1-14',
    ids: 'R12.4.3.1-14, R16.7-01',
    change: (nodes) => changed(ROOT, { encryptionKey: keyIn(nodes, 11) })(nodes),
  },
  {
    what: 'one key in a parent without unmerged leaves and in a leaf',
    code: 'DUPLICATE_KEY',
    requirement: 'R12.4.3.1-14',
    ids: 'R12.4.3.1-14, R16.7-01',
    change: (nodes) =>
      [withUnmerged(3), withUnmerged(ROOT), changed(3, { encryptionKey: keyIn(nodes, 12) })].reduce<Nodes>(
        (before, step) => step(before),
        nodes.with(2, undefined).with(6, undefined),
      ),
  },
  {
    what: 'a malformed key in a parent',
    code: 'INVALID_KEY',
    requirement: 'R5.1.1-01',
    ids: 'R5.1.1-01',
    change: changed(3, { encryptionKey: new Uint8Array(31) }),
  },
  {
    what: 'a key that no commit put there',
    code: 'PARENT_HASH_MISMATCH',
    requirement: 'R7.9.2-03',
    ids: 'R12.4.3.1-10, R7.9.2-03',
    change: (nodes) => changed(ROOT, { encryptionKey: freshKey() })(nodes),
    asItWas: true,
  },
  {
    what: 'a parent that nobody below made',
    code: 'PARENT_HASH_MISMATCH',
    requirement: 'R7.9.2-03',
    ids: 'R12.4.3.1-10, R7.9.2-02, R7.9.2-03',
    change: (nodes) =>
      nodes.with(5, {
        nodeType: 2,
        parentNode: { encryptionKey: freshKey(), parentHash: empty, unmergedLeaves: [toLeafIndex(JOINER)] },
      }),
  },
];

function badInfo({ change, asItWas }: BadTree, committer: Peer): (info: GroupInfoTBS) => GroupInfoTBS {
  return (info) =>
    withNodes(info, (nodes) => (asItWas === true ? change(nodes) : sealed(change(nodes), committer)));
}

describe('a tree is refused that has', () => {
  it('nothing wrong, not: the forge works', async () => {
    const { invited, peers } = await scene();
    const good = { what: '', code: '', requirement: '', ids: '', change: (nodes: Nodes) => nodes };
    let seen: Nodes = [];
    const groupInfo = (info: GroupInfoTBS): GroupInfoTBS =>
      withNodes(badInfo(good, invited.committer)(info), (nodes) => {
        seen = nodes;
        return nodes;
      });
    // The forged leaf has another signature, so the true tag, of the true tree, does not confirm it: all else is well.
    const message = forgeWelcome(invited, { groupInfo });
    expect(parentsOf(seen)).toEqual([3, 7, 9, 11]);
    expect(parentsOf(seen).map((parent) => linksTo(seen, parent))).toEqual([[0], [3], [8], [9]]);
    expect(carriedHash(seen, 7)).toEqual(empty);
    const outcome = join(invited.joiner, message).then(({ group }) => group.epoch);
    await expect(outcome).resolves.toBe(peers[0]?.group.epoch);
  });

  it.each(badTrees)('$what, in a Welcome [$ids]', async (bad) => {
    const { invited } = await scene();
    const { code, requirement } = bad;
    const message = forgeWelcome(invited, { groupInfo: badInfo(bad, invited.committer) });
    await expect(join(invited.joiner, message)).rejects.toMatchObject({
      name: 'MlsError',
      code,
      requirement,
    });
    const peer = await join(invited.joiner, asMessage(invited.welcome));
    expectAgreement([invited.committer, peer]);
    await expectConversation([invited.committer, peer]);
  });

  it.each(badTrees)('$what, for an external Commit [$ids]', async (bad) => {
    const { invited } = await scene();
    const { committer } = invited;
    const { code, requirement } = bad;
    const { groupContext, extensions, confirmationTag, signer } = invitation(committer);
    const info = badInfo(bad, committer)({ groupContext, extensions, confirmationTag, signer });
    const groupInfo = signGroupInfo(suite1, info, committer.group.state.signaturePrivateKey);
    const outsider = party('outsider');
    const attempt = enter(outsider, committer, { groupInfo });
    await expect(attempt).rejects.toMatchObject({ name: 'MlsError', code, requirement });
    const { peer, message } = await enter(outsider, committer);
    await follow(committer, message);
    expectAgreement([committer, peer]);
  });
});

describe("the joiner's leaf", () => {
  const wrong: readonly (readonly [string, (nodes: Nodes, invited: Invited) => Nodes])[] = [
    ['is missing', (nodes) => withUnmerged(3, 1)(withUnmerged(ROOT, 1)(nodes.with(2 * JOINER, undefined)))],
    [
      'differs in one byte, though it is signed',
      (nodes, { joiner: who }) => {
        const node = nodes[2 * JOINER];
        if (node?.nodeType !== 1) throw new Error('a leaf expected');
        const content = contentOfLeaf(node.leafNode);
        const { capabilities } = content;
        const more = { ...capabilities, extensions: [...capabilities.extensions, 0xf001] };
        const { privateKey } = who.party.identity.signatureKeyPair;
        const leafNode = signLeafNode(suite1, { ...content, capabilities: more }, privateKey);
        return nodes.with(2 * JOINER, { nodeType: 1, leafNode });
      },
    ],
  ];

  it.each(wrong)('%s: the Welcome is refused [R12.4.3.1-15]', async (_what, change) => {
    const { invited } = await scene();
    const message = forgeWelcome(invited, {
      groupInfo: (info) => withNodes(info, (nodes) => change(nodes, invited)),
    });
    await expect(join(invited.joiner, message)).rejects.toMatchObject({
      code: 'INVALID_WELCOME',
      requirement: 'R12.4.3.1-15',
    });
    expectAgreement([invited.committer, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('is found where it stands, and becomes its own [R12.4.3.1-15]', async () => {
    const { invited } = await scene();
    const peer = await join(invited.joiner, asMessage(invited.welcome));
    expect(peer.group.state.ownLeafIndex).toBe(JOINER);
    expect([...peer.group.state.keys.keys()]).toEqual([2 * JOINER]);
  });
});

describe('the path secret of a Welcome', () => {
  it('gives the joiner the keys from the lowest common ancestor with the committer upwards [R12.4.3.1-16]', async () => {
    const founders = await groupOf(['m0', 'm1', 'm2']);
    const [, second] = founders;
    if (second === undefined) throw new Error('three expected');
    const newcomers = Array.from({ length: 4 }, (_, at) => joiner(party(`n${at}`)));
    const all = await commitBy(second, founders, { forcePath: true }, newcomers);
    const nodes = filteredOf(second);
    expect(nodes).toEqual([1, 3, 7]);
    const held = all.slice(3).map(({ group }) => [...group.state.keys.keys()]);
    // Leaf 3 meets leaf 1 in node 3, the others meet it in the root.
    expect(held).toEqual([
      [6, 3, 7],
      [8, 7],
      [10, 7],
      [12, 7],
    ]);
    for (const { group } of all) expectKeysFit(group.state.keys, { group });
    expectAgreement(await commitBy(all.at(-1) ?? second, all, { forcePath: true }));
  });

  it.each([
    { what: 'is another one', change: () => suite1.random(32) },
    { what: 'belongs to the node above', change: (secret: Uint8Array) => nextPathSecret(suite1, secret) },
    { what: 'is a byte too short', change: (secret: Uint8Array) => secret.subarray(1) },
    { what: 'is empty', change: () => empty },
  ])('that $what is refused [R12.4.3.1-17]', async ({ change }) => {
    const [first] = await groupOf(['m0', 'm1', 'm2']);
    if (first === undefined) throw new Error('three expected');
    const invited = await inviteTo(first, joiner(party('newcomer')), { forcePath: true });
    const message = forgeWelcome(invited, {
      secrets: (secrets) => ({
        ...secrets,
        pathSecret: secrets.pathSecret && { pathSecret: change(secrets.pathSecret.pathSecret) },
      }),
    });
    await expect(join(invited.joiner, message)).rejects.toMatchObject({
      code: 'INVALID_PATH',
      requirement: 'R12.4.3.1-17',
    });
    expectAgreement([first, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('for a common ancestor without a key is refused [R12.4.3.1-18]', async () => {
    const first = (await groupOf(['m0']))[0];
    if (first === undefined) throw new Error('one expected');
    await commitBy(
      first,
      [first],
      {},
      ['m1', 'm2'].map((name) => joiner(party(name))),
    );
    const invited = await inviteTo(first, joiner(party('newcomer')));
    const pathSecret = { pathSecret: suite1.random(32) };
    const message = forgeWelcome(invited, { secrets: (secrets) => ({ ...secrets, pathSecret }) });
    await expect(join(invited.joiner, message)).rejects.toMatchObject({
      code: 'INVALID_WELCOME',
      requirement: 'R12.4.3.1-18',
    });
    expectAgreement([first, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('of a GroupInfo that the joiner itself is said to have signed is refused [R12.4.3.1-16]', async () => {
    const [first] = await groupOf(['m0', 'm1', 'm2']);
    if (first === undefined) throw new Error('three expected');
    const invited = await inviteTo(first, joiner(party('newcomer')), { forcePath: true });
    const message = forgeWelcome(invited, {
      groupInfo: (info) => ({ ...info, signer: toLeafIndex(3) }),
      signaturePrivateKey: invited.joiner.party.identity.signatureKeyPair.privateKey,
    });
    await expect(join(invited.joiner, message)).rejects.toMatchObject({
      code: 'INVALID_WELCOME',
      requirement: 'R12.4.3.1-16',
    });
    expectAgreement([first, await join(invited.joiner, asMessage(invited.welcome))]);
  });
});

function filteredOf({ group }: Peer): number[] {
  const { tree, ownLeafIndex } = group.state;
  const nodes: Nodes = [...Array(2 * tree.leafCount - 1).keys()].map((index) => {
    const { node } = tree.slot(toNodeIndex(index));
    if (node === undefined) return undefined;
    return 'signatureKey' in node ? { nodeType: 1, leafNode: node } : { nodeType: 2, parentNode: node };
  });
  return filtered(nodes, ownLeafIndex).map(([node]) => node);
}

function expectKeysFit(keys: ReadonlyMap<NodeIndex, Uint8Array>, { group }: Pick<Peer, 'group'>): void {
  for (const [index, key] of keys) {
    const publicKey = group.state.tree.slot(index).node?.encryptionKey ?? empty;
    const sealedByte = suite1.hpke.seal(publicKey, empty, empty, Uint8Array.of(index));
    expect(suite1.hpke.open(key, sealedByte, empty, empty)).toEqual(Uint8Array.of(index));
  }
}
