import { describe, expect, it } from '@jest/globals';

import { CryptoError, decryptWithLabel, equal, type CipherSuite } from '@canopy/crypto';

import type { CommitRequest } from '../../src/commits/create-commit.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { createPath, type NewPath } from '../../src/tree/create-path.ts';
import { toLeafIndex, toNodeIndex, type LeafIndex } from '../../src/tree/math.ts';
import type { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import type { UpdatePath } from '../../src/tree/update-path.ts';
import { pathIn } from '../forge.ts';
import {
  bytes,
  commitBy,
  empty,
  expectAgreement,
  follow,
  groupOf,
  joiner,
  party,
  removeOf,
  suite1,
  type Peer,
} from '../parties.ts';
import { arrayOf, GROUP_ID, history, newLeaf, type Nodes } from '../tree/sample-trees.ts';
import { filtered, leavesOf, resolution } from '../tree/slow-tree.ts';

/*
 * Path secrets, node keys and the commit secret (RFC 9420 §7.4), computed a second time from nothing but HKDF and the
 * labels.
 */

const { kdf } = suite1;
const uint16 = (value: number): number[] => [value >>> 8, value & 0xff];
/** A vector of up to 16383 bytes. */
const vec = (content: Uint8Array): number[] => [
  ...(content.length < 64 ? [content.length] : [0x40 | (content.length >>> 8), content.length & 0xff]),
  ...content,
];
const expandWithLabel = (secret: Uint8Array, label: string, context: Uint8Array): Uint8Array =>
  kdf.expand(
    secret,
    Uint8Array.from([...uint16(kdf.size), ...vec(bytes(`MLS 1.0 ${label}`)), ...vec(context)]),
    kdf.size,
  );
const derive = (secret: Uint8Array, label: string): Uint8Array => expandWithLabel(secret, label, empty);

const { privateKey: signaturePrivateKey } = party('anybody').identity.signatureKeyPair;

function pathOf(tree: RatchetTree, sender: LeafIndex, suite: CipherSuite = suite1): NewPath {
  const leaf = tree.findLeaf(sender);
  if (leaf === undefined) throw new Error('a leaf expected');
  const newLeaves = new Set<LeafIndex>();
  return createPath({ suite, tree, groupId: GROUP_ID, sender, leaf, signaturePrivateKey, newLeaves });
}

const trees = [31, 32, 33].flatMap((seed) => history(seed, 12));
const senders = (tree: RatchetTree): LeafIndex[] => leavesOf(arrayOf(tree)).slice(0, 4);

describe('the secrets of a path', () => {
  it('follow from one another, one for each node of the filtered path, and the commit secret from the last [R7.4-01, R7.4-02]', () => {
    for (const tree of trees) {
      for (const sender of senders(tree)) {
        const made = pathOf(tree, sender);
        const nodes = filtered(arrayOf(tree), sender).map(([node]) => node);
        expect([...made.pathSecrets.keys()]).toEqual(nodes);
        let [secret] = made.pathSecrets.values();
        for (const node of nodes) {
          if (secret === undefined) throw new Error('a secret expected');
          expect(made.pathSecrets.get(node)).toEqual(secret);
          const pair = suite1.hpke.deriveKeyPair(derive(secret, 'node'));
          expect(made.tree.slot(node).node?.encryptionKey).toEqual(pair.publicKey);
          expect(made.keys.get(node)).toEqual(pair.privateKey);
          secret = derive(secret, 'path');
        }
        expect(secret === undefined || equal(made.commitSecret, secret)).toBe(true);
        expect(made.commitSecret).toHaveLength(kdf.size);
      }
    }
  });

  it('are as long as the hash and never the same twice [R7.4-01]', () => {
    const [tree] = trees.slice(-1);
    if (tree === undefined) throw new Error('a tree expected');
    const [sender] = senders(tree);
    if (sender === undefined) throw new Error('a sender expected');
    const firsts = Array.from({ length: 10 }, () => [...pathOf(tree, sender).pathSecrets.values()]).flat();
    expect(firsts.length).toBeGreaterThan(9);
    expect(firsts.every(({ length }) => length === kdf.size)).toBe(true);
    expect(new Set(firsts.map((secret) => Buffer.from(secret).toString('hex'))).size).toBe(firsts.length);
  });

  it('have nothing to do with the key of the leaf [R7.4-04]', () => {
    // The same path secrets twice: only a leaf key that is drawn for itself differs.
    const repeating: CipherSuite = { ...suite1, random: (length) => new Uint8Array(length).fill(5) };
    const [tree] = trees.slice(-1);
    const [sender] = tree === undefined ? [] : senders(tree);
    if (tree === undefined || sender === undefined) throw new Error('a sender expected');
    const [one, two] = [pathOf(tree, sender, repeating), pathOf(tree, sender, repeating)];
    expect([...one.pathSecrets]).toEqual([...two.pathSecrets]);
    expect(one.commitSecret).toEqual(two.commitSecret);
    const keys = [one, two].map((made) => made.tree.findLeaf(sender)?.encryptionKey);
    expect(keys[0]).not.toEqual(keys[1]);
    const old = tree.findLeaf(sender)?.encryptionKey;
    expect(keys).not.toContainEqual(old);
    const derivable = [...one.pathSecrets.values(), one.commitSecret].flatMap((secret) =>
      [secret, derive(secret, 'node'), derive(secret, 'path')].map((ikm) => suite1.hpke.deriveKeyPair(ikm)),
    );
    expect(derivable.map(({ publicKey }) => publicKey)).not.toContainEqual(keys[0]);
  });

  it('are given to no node that is left out of the path, and such a node is blank afterwards [R7.4-03]', () => {
    // Nobody stands in the right half; a key that was left in the root there does not survive a path.
    const editor = history(1, 0)[0]?.edit();
    if (editor === undefined) throw new Error('a tree expected');
    for (let count = 0; count < 2; count++) editor.addLeaf(newLeaf());
    editor.removeLeaf(toLeafIndex(2));
    const root = {
      encryptionKey: suite1.hpke.generateKeyPair().publicKey,
      parentHash: empty,
      unmergedLeaves: [],
    };
    const leaf = newLeaf();
    editor.replacePath(toLeafIndex(1), leaf, new Map([[toNodeIndex(3), root]]));
    const tree = editor.finish();
    const made = pathOf(tree, toLeafIndex(0));
    expect([...made.pathSecrets.keys()]).toEqual([1]);
    expect(arrayOf(tree)[3]).toBeDefined();
    const after: Nodes = arrayOf(made.tree);
    expect(after.map((node) => node?.nodeType)).toEqual([
      1,
      2,
      1,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

const opens = (path: UpdatePath, key: Uint8Array, context: Uint8Array): boolean =>
  find(path, [key], context) !== undefined;

/** The path secret that somebody finds by trying all of its keys on all ciphertexts, and the node it is for. */
function find(
  path: UpdatePath,
  keys: readonly Uint8Array[],
  context: Uint8Array,
): readonly [position: number, secret: Uint8Array] | undefined {
  for (const [position, { encryptedPathSecret }] of path.nodes.entries()) {
    for (const ciphertext of encryptedPathSecret) {
      for (const key of keys) {
        try {
          const secret = decryptWithLabel(suite1, key, { label: 'UpdatePathNode', context, ciphertext });
          return [position, secret];
        } catch (error) {
          if (!(error instanceof CryptoError)) throw error;
        }
      }
    }
  }
  return undefined;
}

/** The epoch authenticator (§8, §8.7) after a commit secret, from the secrets of the epoch before. */
function authenticatorAfter(
  initSecret: Uint8Array,
  commitSecret: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  const joinerSecret = expandWithLabel(kdf.extract(initSecret, commitSecret), 'joiner', context);
  const memberSecret = kdf.extract(joinerSecret, new Uint8Array(kdf.size));
  return derive(expandWithLabel(memberSecret, 'epoch', context), 'authentication');
}

/**
 * Lets a member commit with a path and another one follow; requires that the epoch is the one that follows from the
 * commit secret one step after the last node of the path, and from no other one.
 */
async function expectOneStep(
  committer: Peer,
  reader: Peer,
  peers: readonly Peer[],
  request: Partial<CommitRequest>,
): Promise<Peer[]> {
  const { keys, secrets, groupContext: old } = reader.group.state;
  const [initSecret, copies] = [
    Uint8Array.from(secrets.initSecret),
    Array.from(keys.values(), (key) => key.slice()),
  ];
  const { message, staged } = await committer.group.commit({ forcePath: true, wireFormat: 1, ...request });
  committer.group.keep(staged);
  for (const peer of peers) if (peer !== committer) await follow(peer, message);
  const path = pathIn(message);
  const context = reader.group.state.groupContext;
  const provisional = { ...context, confirmedTranscriptHash: old.confirmedTranscriptHash };
  const found = find(path, copies, GroupContext.bytesOf(provisional));
  if (found === undefined) throw new Error('a ciphertext for the reader expected');
  let [position, secret] = found;
  for (; position < path.nodes.length; position++) secret = derive(secret, 'path');
  const after = (commitSecret: Uint8Array): Uint8Array =>
    authenticatorAfter(initSecret, commitSecret, GroupContext.bytesOf(context));
  expect(reader.group.epochAuthenticator).toEqual(after(secret));
  expect(reader.group.epochAuthenticator).not.toEqual(after(derive(secret, 'path')));
  const left = peers.filter(({ group }) => group.state.status.kind !== 'removed');
  expectAgreement(left);
  return left;
}

describe('the commit secret is one step after the last node of the path', () => {
  it.each([
    { what: 'the left half is blank', of: 4, removed: [0, 1], committer: 2, nodes: 1 },
    { what: 'the left half of eight is blank', of: 8, removed: [0, 1, 2, 3], committer: 5, nodes: 2 },
    { what: 'only one leaf is in the other half', of: 8, removed: [4, 5, 6], committer: 1, nodes: 3 },
    { what: 'a node in the middle is left out', of: 8, removed: [2, 3], committer: 0, nodes: 2 },
    {
      what: 'the lowest and the highest node are left out',
      of: 8,
      removed: [0, 1, 2, 3, 4],
      committer: 5,
      nodes: 1,
    },
    { what: 'nobody is removed', of: 5, removed: [], committer: 4, nodes: 1 },
  ])('when $what, in the commit that removes and in the next [R7.4-01] (S5)', async (one) => {
    const peers = await groupOf(Array.from({ length: one.of }, (_, at) => `member ${at}`));
    const committer = peers[one.committer];
    const reader = peers.findLast((peer, at) => peer !== committer && !one.removed.includes(at));
    if (committer === undefined || reader === undefined) throw new Error('two expected');
    const proposals = peers.filter((_, at) => one.removed.includes(at)).map(removeOf);
    const left = await expectOneStep(committer, reader, peers, { proposals });
    const tree = arrayOf(committer.group.state.tree);
    const path = filtered(tree, committer.group.state.ownLeafIndex);
    expect(path).toHaveLength(one.nodes);
    await expectOneStep(committer, reader, left, {});
    await expectOneStep(reader, committer, left, {});
  });
});

describe('a path secret finds its way', () => {
  it('to members below blank nodes, to unmerged leaves and to holders of parent keys [R7.5-08]', async () => {
    const eight = await groupOf(Array.from({ length: 8 }, (_, at) => `member ${at}`));
    const [first, , third, fourth, committer] = eight;
    if (!first || !third || !fourth || !committer) throw new Error('eight expected');
    // Node 3 gets a key while leaf 3 is blank; then somebody comes there and is not merged. Node 13 stays blank.
    const seven = await commitBy(third, eight, { proposals: [removeOf(fourth)] });
    const all = await commitBy(first, seven, {}, [joiner(party('newcomer'))]);
    const tree = arrayOf(committer.group.state.tree);
    expect(filtered(tree, toLeafIndex(4)).map(([, copath]) => resolution(tree, copath))).toEqual([
      [10],
      [12, 14],
      [3, 6],
    ]);
    const { message, staged } = await committer.group.commit({ forcePath: true, wireFormat: 1 });
    const opened = new Map<number, number>();
    for (const peer of all) {
      if (peer === committer) continue;
      const { keys, ownLeafIndex, groupContext } = peer.group.state;
      const copies = Array.from(keys, ([index, key]) => [index, key.slice()] as const);
      await follow(peer, message);
      const { confirmedTranscriptHash } = groupContext;
      const context = GroupContext.bytesOf({ ...peer.group.state.groupContext, confirmedTranscriptHash });
      const opening = copies.filter(([, key]) => opens(pathIn(message), key, context));
      expect(opening).toHaveLength(1);
      opened.set(ownLeafIndex, opening[0]?.[0] ?? -1);
    }
    // By node 3 those who are merged there, by its own leaf everybody else.
    expect([...opened].toSorted(([a], [b]) => a - b)).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
      [3, 6],
      [5, 10],
      [6, 12],
      [7, 14],
    ]);
    committer.group.keep(staged);
    expectAgreement(all);
  });

  it('to nobody when all below are new: the node has no ciphertext [R7.6-05, R7.5-03]', async () => {
    const [alice] = await groupOf(['alice']);
    if (alice === undefined) throw new Error('alice expected');
    const bob = joiner(party('bob'));
    const proposals = [{ proposalType: 1 as const, keyPackage: bob.keyPackage.keyPackage }];
    const { message, staged } = await alice.group.commit({ proposals, forcePath: true, wireFormat: 1 });
    alice.group.drop(staged);
    expect(pathIn(message).nodes.map(({ encryptedPathSecret }) => encryptedPathSecret)).toEqual([[]]);
    const two = await commitBy(alice, [alice], { forcePath: true }, [bob]);
    expectAgreement(await commitBy(alice, two, { forcePath: true }));
  });

  it('to the old members only, who accept the empty node above them [R7.6-05, R7.5-03, R7.6-02]', async () => {
    const peers = await groupOf(['m0', 'm1', 'm2', 'm3']);
    const [m0, m1] = peers;
    if (m0 === undefined || m1 === undefined) throw new Error('four expected');
    const newcomer = joiner(party('m4'));
    const proposals = [{ proposalType: 1 as const, keyPackage: newcomer.keyPackage.keyPackage }];
    const { message, staged } = await m0.group.commit({ proposals, forcePath: true, wireFormat: 1 });
    m0.group.drop(staged);
    expect(pathIn(message).nodes.map(({ encryptedPathSecret }) => encryptedPathSecret.length)).toEqual([
      1, 2, 0,
    ]);
    const all = await commitBy(m0, peers, { forcePath: true }, [newcomer]);
    expectAgreement(all);
    expectAgreement(await commitBy(m1, all, { forcePath: true }));
  });
});
