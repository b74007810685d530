/**
 * The table of what was measured in bytes.
 *
 * @module
 */

import { backEndLabels, backEndOf, shortName, versionOf } from '../libraries.ts';
import { sizeNames, type BenchmarkResult, type SizeRow } from '../operations.ts';
import { NOTHING } from './comparison.ts';
import { labelOf, treeOrder } from './names.ts';
import type { TextTable } from './text-table.ts';
import { formatBytes } from './units.ts';

/** Makes the table of all sizes; undefined when there are none. */
export function sizesTable({ sizes, machine }: BenchmarkResult): TextTable | undefined {
  if (sizes.length === 0) return undefined;
  const peers = machine.peers.filter((peer) => sizes.some((row) => row.peer === peer));
  const cases = new Map(sizes.toSorted(inOrder).map((row) => [caseOfSize(row), row]));
  const bytes = new Map(sizes.map((row) => [`${caseOfSize(row)} ${row.peer}`, formatBytes(row.bytes)]));
  return {
    columns: [
      { head: ['what'], align: 'left' },
      { head: ['suite'], align: 'right' },
      { head: ['tree'], align: 'left' },
      { head: ['members'], align: 'right' },
      ...peers.map((peer) => ({
        head: [shortName(peer), versionLabel(peer)],
        align: 'right' as const,
      })),
    ],
    rows: [...cases].map(([key, { name, suite, tree, members }]) => [
      labelOf(name),
      `${suite}`,
      tree,
      `${members}`,
      ...peers.map((peer) => bytes.get(`${key} ${peer}`) ?? NOTHING),
    ]),
  };
}

function versionLabel(peer: string): string {
  const backEnd = backEndOf(peer);
  return backEnd === undefined ? versionOf(peer) : backEndLabels[backEnd];
}

function caseOfSize({ name, tree, members, suite }: SizeRow): string {
  return `${name} ${tree} ${members} ${suite}`;
}

function inOrder(a: SizeRow, b: SizeRow): number {
  return (
    a.suite - b.suite ||
    sizeNames.indexOf(a.name) - sizeNames.indexOf(b.name) ||
    treeOrder.indexOf(a.tree) - treeOrder.indexOf(b.tree) ||
    a.members - b.members
  );
}
