import { describe, expect, it } from '@jest/globals';

import type { CipherSuite } from '@canopy/crypto';

import { mergePath, openPath } from '../../src/tree/process-path.ts';
import { nodeKeyPair } from '../../src/tree/path-secrets.ts';
import type { UpdatePath } from '../../src/tree/update-path.ts';
import { pathIn } from '../forge.ts';
import { addOf, empty, groupOf, joiner, party, suite1, type Peer } from '../parties.ts';
import { isZero, recordingSuite, secretsOf } from '../recording-suite.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { forgePathOf, type PathPlan, type PlannedNode } from './07.5-forged-path.ts';

/*
 * Alice's path in a group of five leaves is [1, 3, 7]; her path secrets go to Bob (node 2), to Carol and Dave (node 5
 * is blank: 4 and 6), and to Erin (node 8: the right half is blank but for her).
 */
const names = ['alice', 'bob', 'carol', 'dave', 'erin'] as const;
const [BOB, CAROL, DAVE, ERIN] = [1, 2, 3, 4] as const;
const other = suite1.hpke.generateKeyPair().publicKey;

type Nodes = readonly PlannedNode[];
const replaceAt =
  (at: number, change: (node: PlannedNode) => Partial<PlannedNode>) =>
  (nodes: Nodes): Nodes =>
    nodes.map((node, position) => (position === at ? { ...node, ...change(node) } : node));
const keyOf = (secret: Uint8Array): Uint8Array => nodeKeyPair(suite1, secret).publicKey;

interface Wrong {
  readonly what: string;
  readonly requirement: string;
  readonly code?: string;
  readonly plan: PathPlan | ((peers: readonly Peer[]) => PathPlan);
  /** Who can see it; the others find the path in order, as far as their part goes. */
  readonly seenBy: readonly number[];
}
const everybody = [BOB, CAROL, DAVE, ERIN];

const travelling = (
  what: string,
  requirement: string,
  path: (path: UpdatePath) => UpdatePath,
  seenBy: readonly number[] = everybody,
): Wrong => ({ what, requirement, plan: { path }, seenBy });

const inNode =
  (at: number, change: (list: UpdatePath['nodes'][number]['encryptedPathSecret']) => typeof list) =>
  (path: UpdatePath): UpdatePath => ({
    ...path,
    nodes: path.nodes.map((node, position) =>
      position === at ? { ...node, encryptedPathSecret: change(node.encryptedPathSecret) } : node,
    ),
  });

const wrongShapes: readonly Wrong[] = [
  travelling('has a node too few', 'R7.6-01', (path) => ({ ...path, nodes: path.nodes.slice(0, -1) })),
  travelling('has a node too many', 'R7.6-01', (path) => ({
    ...path,
    nodes: [...path.nodes, { encryptionKey: other, encryptedPathSecret: [] }],
  })),
  travelling('has no node', 'R7.6-01', (path) => ({ ...path, nodes: [] })),
  ...[0, 1, 2].flatMap((at) => [
    travelling(
      `lacks a ciphertext in node ${at}`,
      'R7.6-02',
      inNode(at, (list) => list.slice(1)),
    ),
    travelling(
      `repeats a ciphertext in node ${at}`,
      'R7.6-02',
      inNode(at, (list) => [...list, ...list.slice(0, 1)]),
    ),
  ]),
];

const wrongContexts: readonly Wrong[] = [
  {
    what: 'is encrypted with the old tree hash',
    requirement: 'R12.4.2-11, R7.6-04',
    plan: ([alice]) => ({
      context: (context) => ({ ...context, treeHash: alice?.group.state.groupContext.treeHash ?? empty }),
    }),
    seenBy: everybody,
  },
  {
    what: 'is encrypted with the old epoch',
    requirement: 'R12.4.2-11, R7.6-04',
    plan: { context: (context) => ({ ...context, epoch: context.epoch - 1n }) },
    seenBy: everybody,
  },
  {
    what: 'is encrypted with another transcript',
    requirement: 'R12.4.2-11, R7.6-04',
    plan: { context: (context) => ({ ...context, confirmedTranscriptHash: suite1.random(32) }) },
    seenBy: everybody,
  },
];

const wrongSecrets: readonly Wrong[] = [
  {
    what: 'has two ciphertexts of a node swapped',
    requirement: 'R12.4.2-11, R7.6-03',
    plan: { path: inNode(1, (list) => list.toReversed()) },
    seenBy: [CAROL, DAVE],
  },
  {
    what: 'has its keys and secrets in the order from the root to the leaf',
    requirement: 'R7.5-09, R7.5-04',
    plan: {
      nodes: (nodes) =>
        nodes.map((node, at) => {
          const from = nodes[nodes.length - 1 - at] ?? node;
          return { ...node, pathSecret: from.pathSecret, encryptionKey: from.encryptionKey };
        }),
    },
    // The secret of the lowest node is where the root is: Erin alone has nothing to derive.
    seenBy: [BOB, CAROL, DAVE],
  },
  {
    what: 'starts anew in the middle',
    requirement: 'R7.5-09',
    plan: {
      nodes: (nodes) => {
        const secret = suite1.random(32);
        return replaceAt(1, () => ({ pathSecret: secret, encryptionKey: keyOf(secret) }))(nodes);
      },
    },
    seenBy: [BOB, CAROL, DAVE],
  },
  {
    what: 'has a root that does not follow from below',
    requirement: 'R7.5-09',
    plan: {
      nodes: (nodes) => {
        const secret = suite1.random(32);
        return replaceAt(2, () => ({ pathSecret: secret, encryptionKey: keyOf(secret) }))(nodes);
      },
    },
    seenBy: [BOB, CAROL, DAVE],
  },
  ...[0, 1, 2].map((at) => ({
    what: `has a key in node ${at} that is nobody's`,
    requirement: 'R7.5-09',
    plan: { nodes: replaceAt(at, () => ({ encryptionKey: other })) },
    seenBy: everybody.slice(0, [1, 3, 4][at]),
  })),
  {
    what: 'has a path secret that is too long',
    requirement: 'R12.4.2-11',
    plan: { nodes: replaceAt(1, ({ pathSecret }) => ({ pathSecret: Uint8Array.of(...pathSecret, 0) })) },
    seenBy: [CAROL, DAVE],
  },
];

const newMember = joiner(party('frank'));
const alsoToNew: Wrong = {
  what: 'is encrypted to a new leaf too',
  requirement: 'R7.6-02, R7.5-03',
  plan: {
    proposals: [addOf(newMember)],
    nodes: replaceAt(2, ({ recipients }) => ({
      recipients: [...recipients, { node: newMember.keyPackage.keyPackage.leafNode }],
    })),
  },
  seenBy: everybody,
};

const hashed = (what: string, leafParentHash: (hash: Uint8Array) => Uint8Array): Wrong => ({
  what: `has a leaf with ${what}`,
  requirement: 'R7.9.2-05, R7.5-07',
  code: 'PARENT_HASH_MISMATCH',
  plan: { leafParentHash },
  seenBy: everybody,
});

const wrongParentHashes: readonly Wrong[] = [
  hashed('no parent hash', () => empty),
  hashed('a parent hash of zeros', (hash) => new Uint8Array(hash.length)),
  hashed('a bit of its parent hash turned', (hash) => hash.with(0, (hash[0] ?? 0) ^ 1)),
  hashed('a parent hash that is cut off', (hash) => hash.subarray(1)),
];

const repeatedKeys: readonly Wrong[] = [
  {
    what: 'has one key in two nodes',
    requirement: 'R12.4.2-10, R16.7-01',
    code: 'DUPLICATE_KEY',
    plan: {
      nodes: (nodes) => replaceAt(1, () => ({ encryptionKey: nodes[0]?.encryptionKey ?? empty }))(nodes),
    },
    seenBy: everybody,
  },
  ...[BOB, ERIN].map((leaf) => ({
    what: `has the key of leaf ${leaf} in a node`,
    requirement: 'R12.4.2-09, R16.7-01',
    code: 'DUPLICATE_KEY',
    plan: (peers: readonly Peer[]): PathPlan => ({
      nodes: replaceAt(1, () => ({
        encryptionKey: peers[0]?.group.state.tree.findLeaf(leaf)?.encryptionKey ?? empty,
      })),
    }),
    seenBy: everybody,
  })),
];

const all = [
  ...wrongShapes,
  ...wrongContexts,
  ...wrongSecrets,
  alsoToNew,
  ...wrongParentHashes,
  ...repeatedKeys,
];

interface Recorded {
  readonly peers: readonly Peer[];
  readonly secrets: Set<Uint8Array>;
}

async function recordedGroup(): Promise<Recorded> {
  const { suite, secrets } = recordingSuite();
  return { peers: await groupOf(names, { suite }), secrets };
}

/** Gives the secrets that were made and neither are in somebody's state nor overwritten. */
function leftOver({ peers, secrets }: Recorded): Uint8Array[] {
  const inUse = new Set(peers.flatMap(({ group }) => [...secretsOf(group.state)]));
  return [...secrets].filter((secret) => !inUse.has(secret) && !isZero(secret));
}

describe('a commit is refused whose path', () => {
  it('is right in everything, for its tag only: the forge works', async () => {
    const peers = await groupOf(names);
    const [alice, ...others] = peers;
    if (alice === undefined) throw new Error('alice expected');
    const message = forgePathOf(alice);
    expect(pathIn(message).nodes.map(({ encryptedPathSecret }) => encryptedPathSecret.length)).toEqual([
      1, 2, 1,
    ]);
    for (const peer of others) {
      await expectRefused(peer, message, 'INVALID_CONFIRMATION_TAG', 'R12.4.2-12');
    }
  });

  it.each(all)('$what, and nothing of it stays in memory [$requirement, R7.5-10]', async (wrong) => {
    const recorded = await recordedGroup();
    const { peers, secrets } = recorded;
    const [alice] = peers;
    if (alice === undefined) throw new Error('alice expected');
    const message = forgePathOf(alice, typeof wrong.plan === 'function' ? wrong.plan(peers) : wrong.plan);
    const [requirement] = wrong.requirement.split(', ');
    for (const [at, peer] of peers.entries()) {
      if (peer === alice) continue;
      secrets.clear();
      await (wrong.seenBy.includes(at)
        ? expectRefused(peer, message, wrong.code ?? 'INVALID_PATH', requirement)
        : expectRefused(peer, message, 'INVALID_CONFIRMATION_TAG'));
      expect(leftOver(recorded)).toEqual([]);
    }
    await expectGoesOn(alice, peers);
  });
});

describe('a path', () => {
  it('is of no use to somebody who has no key of the resolution [R7.5-08]', async () => {
    const [alice, bob] = await groupOf(names);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const updatePath = pathIn(forgePathOf(alice));
    const { tree, ownLeafIndex: leafIndex } = bob.group.state;
    const sender = alice.group.state.ownLeafIndex;
    const received = { suite: suite1, tree, sender, updatePath, newLeaves: new Set<never>() };
    const nobody = { leafIndex, keys: new Map(), groupContext: empty };
    expect(() => openPath(received, mergePath(received), nobody)).toThrow(
      expect.objectContaining({ code: 'INVALID_PATH', requirement: 'R7.5-08' }),
    );
  });

  it('leaves no node secret behind when a key cannot be derived from it [R7.5-10]', () => {
    const given: Uint8Array[] = [];
    const broken: CipherSuite = {
      ...suite1,
      hpke: {
        ...suite1.hpke,
        deriveKeyPair(ikm) {
          given.push(ikm);
          throw new Error('no key today');
        },
      },
    };
    expect(() => nodeKeyPair(broken, suite1.random(32))).toThrow('no key today');
    expect(given).toHaveLength(1);
    expect(given.every(isZero)).toBe(true);
  });
});
