import { describe, expect, it } from '@jest/globals';

import { decode, encode } from '@canopy/codec';

import { signGroupInfo, type GroupInfo } from '../../src/commits/group-info.ts';
import { createExtension } from '../../src/extensions/extension.ts';
import { nodesOfTree, RatchetTreeNodes, treeFromNodes } from '../../src/extensions/ratchet-tree.ts';
import { RequiredCapabilities } from '../../src/extensions/required-capabilities.ts';
import { Group } from '../../src/group/group.ts';
import { ExtensionType } from '../../src/registries.ts';
import { LeafNode } from '../../src/tree/leaf-node.ts';
import { rootOf, toLeafIndex } from '../../src/tree/math.ts';
import { ParentNode } from '../../src/tree/parent-node.ts';
import { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import { treeHash } from '../../src/tree/tree-hash.ts';
import { enter, invitation } from '../outsider.ts';
import {
  commitBy,
  expectAgreement,
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
import { arrayOf, newLeaf, withPath, type Nodes } from '../tree/sample-trees.ts';
import { slowHash } from '../tree/slow-tree.ts';

/*
 * The ratchet_tree extension (RFC 9420 §12.4.3.3).
 */

function treeOf(leaves: number): RatchetTree {
  const editor = RatchetTree.ofOne(newLeaf()).edit();
  for (let count = 1; count < leaves; count++) editor.addLeaf(newLeaf());
  return withPath(editor.finish(), toLeafIndex(0));
}

describe('the nodes of a tree travel', () => {
  it('from left to right, each with its type, blank ones as a zero [R12.4.3.3-01]', () => {
    // [leaf, parent, leaf, parent, leaf]: the parent above the third leaf is blank and the last one.
    const nodes = nodesOfTree(treeOf(3));
    expect(nodes.map((node) => node?.nodeType)).toEqual([1, 2, 1, 2, 1]);
    const blanked = nodes.with(1, undefined);
    const content = blanked.flatMap((node) => {
      if (node === undefined) return [0];
      const body =
        node.nodeType === 1
          ? encode(LeafNode, structuredClone(node.leafNode))
          : encode(ParentNode, structuredClone(node.parentNode));
      return [1, node.nodeType, ...body];
    });
    const expected = Uint8Array.of(0x40 | (content.length >>> 8), content.length & 0xff, ...content);
    expect(encode(RatchetTreeNodes, blanked)).toEqual(expected);
    expect(decode(RatchetTreeNodes, expected)).toEqual(blanked);
  });

  it.each([
    { presence: 2, type: 1 },
    { presence: 0xff, type: 1 },
    { presence: 1, type: 0 },
    { presence: 1, type: 3 },
  ])('not with the presence $presence and the type $type [R12.4.3.3-01]', ({ presence, type }) => {
    const body = encode(LeafNode, newLeaf());
    const length = body.length + 2;
    const written = (first: number, second: number): Uint8Array =>
      Uint8Array.of(0x40 | (length >>> 8), length & 0xff, first, second, ...body);
    expect(decode(RatchetTreeNodes, written(1, 1))).toHaveLength(1);
    expect(() => decode(RatchetTreeNodes, written(presence, type))).toThrow(
      expect.objectContaining({ name: 'CodecError' }),
    );
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 33])(
    'without the blank ones after the last of %i leaves, which come back [R12.4.3.3-03, R12.4.3.3-05]',
    (leaves) => {
      const tree = treeOf(leaves);
      const nodes = nodesOfTree(tree);
      expect(nodes).toHaveLength(2 * leaves - 1);
      expect(nodes.at(-1)?.nodeType).toBe(1);
      const again = treeFromNodes(nodes);
      const full = 2 ** Math.ceil(Math.log2(leaves));
      expect(again.leafCount).toBe(full);
      const filledUp: Nodes = [...nodes, ...Array.from({ length: 2 * (full - leaves) }, () => undefined)];
      expect(arrayOf(again)).toEqual(filledUp);
      expect(treeHash(suite1, again.root)).toEqual(slowHash(filledUp, rootOf(full)));
    },
  );

  it('of 11 entries as a tree of 15 [R12.4.3.3-05]', () => {
    const nodes = nodesOfTree(treeOf(6));
    expect(nodes).toHaveLength(11);
    expect(arrayOf(treeFromNodes(nodes))).toHaveLength(15);
  });
});

interface BadNodes {
  readonly what: string;
  readonly requirement: string;
  readonly change: (nodes: Nodes) => Nodes;
}

const badNodes: readonly BadNodes[] = [
  ...[0, 2, 4, 8].map((at) => ({
    what: `a parent at ${at}, where a leaf belongs`,
    requirement: 'R12.4.3.3-02',
    change: (nodes: Nodes) => nodes.with(at, nodes[7]),
  })),
  ...[1, 3, 5, 7, 9].map((at) => ({
    what: `a leaf at ${at}, where a parent belongs`,
    requirement: 'R12.4.3.3-02',
    change: (nodes: Nodes) => nodes.with(at, nodes[0]),
  })),
  {
    what: 'a leaf behind the last one',
    requirement: 'R12.4.3.3-02',
    change: (nodes) => [...nodes, nodes[0]],
  },
  { what: 'a blank node at its end', requirement: 'R12.4.3.3-04', change: (nodes) => [...nodes, undefined] },
  {
    what: 'blank nodes up to the full width',
    requirement: 'R12.4.3.3-04',
    change: (nodes) => [...nodes, ...Array.from({ length: 15 - nodes.length }, () => undefined)],
  },
  { what: 'blank nodes only', requirement: 'R12.4.3.3-04', change: () => [undefined, undefined, undefined] },
  { what: 'no node', requirement: 'R12.4.3.3-06', change: () => [] },
  { what: 'a parent at its end', requirement: 'R12.4.3.3-07', change: (nodes) => [...nodes, nodes[7]] },
];

/** Six members, of whom the last is the newcomer; a path was made by the first one. */
async function five(): Promise<{ readonly invited: Invited; readonly peers: readonly Peer[] }> {
  const peers = await groupOf(['m0', 'm1', 'm2', 'm3', 'm4']);
  const [first] = peers;
  if (first === undefined) throw new Error('five expected');
  return { peers, invited: await inviteTo(first, joiner(party('newcomer')), { forcePath: true }) };
}

const infoOf = ({ groupContext, extensions, confirmationTag, signer }: GroupInfo): GroupInfo => ({
  groupContext,
  extensions,
  confirmationTag,
  signer,
  signature: new Uint8Array(0),
});

describe('a tree is refused that has', () => {
  it.each(badNodes)('$what, in a Welcome and for an external Commit [$requirement]', async (bad) => {
    const { invited } = await five();
    const { committer } = invited;
    const fault = { name: 'MlsError', code: 'INVALID_RATCHET_TREE', requirement: bad.requirement };
    const message = forgeWelcome(invited, {
      groupInfo: (info) => withNodes(info, bad.change, 'unchanged'),
    });
    await expect(join(invited.joiner, message)).rejects.toMatchObject(fault);
    const peer = await join(invited.joiner, asMessage(invited.welcome));
    expectAgreement([committer, peer]);
    const info = withNodes(infoOf(invitation(committer)), bad.change, 'unchanged');
    const groupInfo = signGroupInfo(suite1, info, committer.group.state.signaturePrivateKey);
    const outsider = party('outsider');
    await expect(enter(outsider, committer, { groupInfo })).rejects.toMatchObject(fault);
    const entered = await enter(outsider, committer);
    for (const member of [committer, peer]) await follow(member, entered.message);
    expectAgreement([committer, peer, entered.peer]);
  });
});

describe('the tree of a group', () => {
  it('ends with a member wherever it is sent, though the places behind it are blank [R12.4.3.3-03]', async () => {
    const peers = await groupOf(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6']);
    const [first] = peers;
    if (first === undefined) throw new Error('seven expected');
    const left = await commitBy(first, peers, { proposals: peers.slice(5).map(removeOf) });
    const extension = invitation(first).extensions.find(
      ({ extensionType }) => extensionType === ExtensionType.ratchetTree,
    );
    if (extension === undefined) throw new Error('a tree expected');
    const nodes = decode(RatchetTreeNodes, extension.extensionData);
    expect(nodes).toHaveLength(9);
    expect(nodes.at(-1)?.nodeType).toBe(1);
    expect(first.group.state.tree.leafCount).toBe(8);
    expectAgreement(await commitBy(first, left, {}, [joiner(party('m7'))]));
  });

  it('is compared with the tree hash, wherever it comes from [R12.4.3.3-08, R12.4.3.1-09]', async () => {
    const fault = { name: 'MlsError', code: 'TREE_HASH_MISMATCH', requirement: 'R12.4.3.1-09' };
    const [first] = await groupOf(['m0', 'm1', 'm2']);
    if (first === undefined) throw new Error('three expected');
    const beside = { ratchetTree: false, externalPub: true, grease: true };
    const who = joiner(party('newcomer'));
    const before = first.group.state.tree;
    const { welcome } = await inviteTo(first, who, { welcomeInfo: beside });
    const { tree } = first.group.state;
    const elsewhere = treeFromNodes(nodesOfTree(tree).with(2, { nodeType: 1, leafNode: newLeaf() }));
    const groupInfo = first.group.groupInfo(beside);
    const outsider = party('outsider');
    for (const ratchetTree of [before, elsewhere]) {
      const input = { suite: suite1, welcome, keyPackage: who.keyPackage, ratchetTree };
      await expect(Group.join(input, who.party.options)).rejects.toMatchObject(fault);
      await expect(enter(outsider, first, { groupInfo, ratchetTree })).rejects.toMatchObject(fault);
    }
    const input = { suite: suite1, welcome, keyPackage: who.keyPackage, ratchetTree: tree };
    const peer = { party: who.party, group: await Group.join(input, who.party.options) };
    expectAgreement([first, peer]);
    const entered = await enter(outsider, first, { groupInfo, ratchetTree: tree });
    for (const member of [first, peer]) await follow(member, entered.message);
    expectAgreement([first, peer, entered.peer]);
  });

  it('inside of a GroupInfo goes before one that comes beside it [R12.4.3.3-08]', async () => {
    const { invited } = await five();
    const { party: who, keyPackage } = invited.joiner;
    const other = treeOf(2);
    const input = { suite: suite1, welcome: invited.welcome, keyPackage, ratchetTree: other };
    const peer = { party: who, group: await Group.join(input, who.options) };
    expectAgreement([invited.committer, peer]);
  });

  it('whose node was changed is refused for its hash, in a Welcome and for an external Commit [R12.4.3.1-09, R12.4.3.3-08]', async () => {
    const { invited } = await five();
    const { committer } = invited;
    const fault = { name: 'MlsError', code: 'TREE_HASH_MISMATCH', requirement: 'R12.4.3.1-09' };
    const changes = [
      (nodes: Nodes) => nodes.with(2, { nodeType: 1 as const, leafNode: newLeaf() }),
      (nodes: Nodes) => nodes.with(5, undefined).with(7, undefined),
      (nodes: Nodes) => nodes.slice(0, -2),
    ];
    for (const change of changes) {
      const message = forgeWelcome(invited, { groupInfo: (info) => withNodes(info, change, 'unchanged') });
      await expect(join(invited.joiner, message)).rejects.toMatchObject(fault);
      const info = withNodes(infoOf(invitation(committer)), change, 'unchanged');
      const groupInfo = signGroupInfo(suite1, info, committer.group.state.signaturePrivateKey);
      await expect(enter(party('outsider'), committer, { groupInfo })).rejects.toMatchObject(fault);
    }
    expectAgreement([committer, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('is no part of the group context, for those who sent it and those who joined by it [R12.4.3.3-09]', async () => {
    const demands = createExtension(ExtensionType.requiredCapabilities, RequiredCapabilities, {
      extensionTypes: [],
      proposalTypes: [],
      credentialTypes: [],
    });
    const [first] = await groupOf(['m0', 'm1'], {}, { extensions: [demands] });
    if (first === undefined) throw new Error('two expected');
    const invited = await inviteTo(first, joiner(party('newcomer')), { forcePath: true });
    const peer = await join(invited.joiner, asMessage(invited.welcome));
    const entered = await enter(party('outsider'), first);
    for (const member of [first, peer]) await follow(member, entered.message);
    for (const { group } of [first, peer, entered.peer]) {
      expect(group.state.groupContext.extensions).toEqual([demands]);
    }
    const types = invitation(first).extensions.map(({ extensionType }) => extensionType);
    expect(types).toContain(ExtensionType.ratchetTree);
    expect(types).not.toContain(ExtensionType.requiredCapabilities);
  });
});
