/**
 * The page of results, in Markdown.
 *
 * @module
 */

import type { BenchmarkResult, OperationName } from '../operations.ts';
import { findFasterPeers, judge } from '../verdicts.ts';
import { Comparison } from './comparison.ts';
import { CHART_SUITE, chartMembers } from './chart-lines.ts';
import { leftOutLines } from './left-out.ts';
import { treeLabel } from './names.ts';
import * as words from './page-words.ts';
import { sizesTable } from './sizes.ts';
import { markdownLines, type TextTable } from './text-table.ts';
import { describeAim, describeFasterPeer, describeFound, describeSubject } from './verdict-words.ts';

/** The operations of the summary on a warm tree. */
const summaryOperations: readonly OperationName[] = [
  'commit-create',
  'commit-process-far',
  'add-create',
  'add-process',
  'join',
  'remove-create',
  'remove-process',
  'protect-100',
  'unprotect-100',
  'save-message',
  'save-commit',
];

/** Writes the page; it shows the chart that lies beside it under the given name. */
export function writePage(result: BenchmarkResult, chart: string): string {
  const comparison = new Comparison(result);
  const parts = [
    '# Benchmarks',
    words.introduction,
    `![Time of MLS operations by library](${chart})`,
    ...summary(comparison),
    '## How it was measured',
    words.method,
    '## Machine',
    machineList(result),
    '## Targets',
    ...targets(result),
    '## All figures',
    words.fullWords,
    ...fullTables(comparison),
    ...sizes(result),
    ...bulletSection('## Left out', leftOutLines(result.leftOut)),
    '## Run it yourself',
    words.howToRun,
  ];
  return `${parts.join('\n\n')}\n`;
}

function summary(comparison: Comparison): readonly string[] {
  const blocks = [
    { suite: CHART_SUITE, tree: 'fresh', operations: ['create-group'] },
    { suite: CHART_SUITE, tree: 'warm', operations: summaryOperations },
  ] as const;
  const table = comparison.table(blocks, {
    withTimes: true,
    members: chartMembers,
  });
  return table.rows.length === 0 ? [] : ['## In short', words.summaryWords, markdown(table)];
}

function machineList({ machine }: BenchmarkResult): string {
  return bullets([
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB of memory`,
    `Node ${machine.node}, OpenSSL ${machine.openssl}; Canopy's back end: ${machine.backEnd}`,
    `libraries: ${machine.peers.join(', ')}`,
    `date: ${machine.date}`,
  ]);
}

function targets(result: BenchmarkResult): readonly string[] {
  const verdicts = judge(result);
  const missed = verdicts.filter(({ outcome }) => outcome === 'missed');
  const open = verdicts.filter(({ outcome }) => outcome === 'not measured');
  const met = verdicts.length - missed.length - open.length;
  const table: TextTable = {
    columns: [
      { head: ['operation'], align: 'left' },
      { head: ['aim'], align: 'left' },
      { head: ['found'], align: 'right' },
      { head: ['outcome'], align: 'left' },
    ],
    rows: verdicts.map((one) => [
      describeSubject(one),
      describeAim(one),
      describeFound(one),
      one.outcome === 'missed' ? '**missed**' : one.outcome,
    ]),
  };
  return [
    words.targetWords,
    `${met} met, ${missed.length} missed, ${open.length} not measured.`,
    ...(verdicts.length === 0 ? [] : [markdown(table)]),
    ...bulletSection('Another library was faster:', findFasterPeers(result).map(describeFasterPeer)),
  ];
}

function fullTables(comparison: Comparison): readonly string[] {
  return comparison.figures
    .blocks()
    .flatMap((block) => [
      `### Suite ${block.suite}, ${treeLabel(block.tree)}`,
      markdown(comparison.table([block], { withTimes: true })),
    ]);
}

function sizes(result: BenchmarkResult): readonly string[] {
  const table = sizesTable(result);
  return table === undefined ? [] : ['## Bytes', markdown(table)];
}

function bulletSection(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, bullets(lines)];
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function markdown(table: TextTable): string {
  return markdownLines(table).join('\n');
}
