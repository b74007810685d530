/**
 * A result with made-up figures, to look at tables, page and chart with. Nothing in it was ever measured.
 *
 * @module
 */

import {
  operationNames,
  type BenchmarkResult,
  type OperationName,
  type SizeRow,
  type TreeKind,
} from '../../src/operations.ts';
import { withRatios, type MedianRow } from '../../src/ratios.ts';

export const madeUpPeers = [
  'canopy 0.1.0 (sodium-native)',
  'ts-mls 1.6.4',
  'ts-mls 2.0.0-rc.10',
  '@wireapp/core-crypto 10.3.0',
  'mls-ts 0.1.0',
] as const;

/** Canopy on its other back end, which takes twice as long for the primitives. */
export const madeUpOnNode = 'canopy 0.1.0 (node:crypto)';

/** How many times as long as the floor each library needs, in the order of the list above. */
const factors = [1.2, 190, 24.5, 3.3, 60];

const linear: readonly OperationName[] = ['create-group', 'join', 'external-join', 'load'];

/** A floor that grows as its operation does. */
function madeUpFloor(name: OperationName, members: number): number {
  const base = 50 + 37 * operationNames.indexOf(name);
  return linear.includes(name) ? base * members : base * (1 + Math.log2(members) / 10);
}

function rowsOf(name: OperationName, tree: TreeKind, members: number, suite: number): readonly MedianRow[] {
  const floor = madeUpFloor(name, members) * suite;
  const one = { name, tree, members, suite, runs: 15 };
  const measured = madeUpPeers.map((peer, i) => ({
    ...one,
    peer,
    // The made-up core-crypto cannot save; the made-up mls-ts stops below 1000 members.
    microseconds: floor * (factors[i] ?? 1),
  }));
  const able = measured.filter(
    ({ peer }) =>
      !(peer.startsWith('@wireapp') && name.startsWith('save')) &&
      !(peer.startsWith('mls-ts') && members >= 1000),
  );
  return [
    { ...one, peer: 'floor (node:crypto)', microseconds: 2 * floor },
    { ...one, peer: madeUpOnNode, microseconds: 2.8 * floor },
    { ...one, peer: 'floor (sodium-native)', microseconds: floor },
    ...able,
  ];
}

function sizesOf(members: number): readonly SizeRow[] {
  return [
    { name: 'commit', tree: 'warm', members, suite: 1, peer: madeUpPeers[0], bytes: 500 + members },
    { name: 'commit', tree: 'warm', members, suite: 1, peer: madeUpPeers[1], bytes: 520 + members },
    { name: 'memory-per-member', tree: 'warm', members, suite: 1, peer: madeUpPeers[0], bytes: 2100 },
  ];
}

const warm = [1, 2].flatMap((suite) =>
  [2, 100, 1000].flatMap((members) =>
    operationNames
      .filter((name) => name !== 'create-group')
      .flatMap((name) => rowsOf(name, 'warm', members, suite)),
  ),
);
const others = [2, 100, 1000].flatMap((members) => [
  ...rowsOf('create-group', 'fresh', members, 1),
  ...rowsOf('join', 'fresh', members, 1),
  ...rowsOf('join', 'unmerged', members, 1),
]);

/** The made-up result. */
export const madeUpResult: BenchmarkResult = {
  machine: {
    cpu: 'Made-up CPU 9000',
    cores: 2,
    memoryGiB: 24,
    node: '24.21.0',
    openssl: '3.5.4',
    date: '2026-01-02T03:04:05.000Z',
    backEnd: 'node:crypto, sodium-native',
    peers: [madeUpOnNode, ...madeUpPeers],
  },
  operations: withRatios([...warm, ...others]),
  sizes: [2, 100, 1000, 10_000].flatMap(sizesOf),
  leftOut: [
    {
      name: 'all',
      members: 1000,
      suite: 1,
      peer: madeUpPeers[4],
      reason: 'too slow with 100 members',
    },
    {
      name: 'all',
      members: 1000,
      suite: 2,
      peer: madeUpPeers[4],
      reason: 'too slow with 100 members',
    },
    ...[2, 100].flatMap((members) =>
      (['save-message', 'save-commit'] as const).map((name) => ({
        name,
        tree: 'warm' as const,
        members,
        suite: 1,
        peer: madeUpPeers[3],
        reason: 'it saves by itself in each operation',
      })),
    ),
  ],
};
