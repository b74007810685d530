/**
 * The page of results, in Markdown.
 *
 * @module
 */

import type { BenchmarkResult, OperationName } from '../operations.ts';
import { isCanopy, versionOf } from '../libraries.ts';
import { findFasterPeers, judge, type Judgement, type Verdict } from '../verdicts.ts';
import { Comparison, NOTHING } from './comparison.ts';
import { CHART_SUITE, chartMembers } from './chart-lines.ts';
import { leftOutLines } from './left-out.ts';
import { treeLabel } from './names.ts';
import * as words from './page-words.ts';
import { sizesTable } from './sizes.ts';
import { markdownLines, type TextTable } from './text-table.ts';
import {
  countOutcomes,
  describeAim,
  describeFasterPeer,
  describeFound,
  describeSubject,
  outcomesByBackEnd,
} from './verdict-words.ts';

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
    `Node ${machine.node}, OpenSSL ${machine.openssl}; Canopy's back ends: ${machine.backEnd}`,
    `libraries: ${machine.peers.join(', ')}`,
    `date: ${machine.date}`,
  ]);
}

function targets(result: BenchmarkResult): readonly string[] {
  const judgements = judge(result);
  const table = targetTable(judgements, result.machine.peers.filter(isCanopy));
  return [
    words.targetWords,
    `${countOutcomes(judgements.map(({ deciding }) => deciding))}.`,
    ...bulletSection('On each back end:', outcomesByBackEnd(judgements)),
    ...(judgements.length === 0 ? [] : [markdown(table)]),
    ...bulletSection('Another library was faster:', findFasterPeers(result).map(describeFasterPeer)),
  ];
}

function targetTable(judgements: readonly Judgement[], canopies: readonly string[]): TextTable {
  return {
    columns: [
      { head: ['operation'], align: 'left' },
      { head: ['aim'], align: 'left' },
      ...canopies.map((peer) => ({ head: [versionOf(peer)], align: 'right' as const })),
      { head: ['outcome'], align: 'left' },
    ],
    rows: judgements.map(({ deciding, all }) => [
      describeSubject(deciding),
      describeAim(deciding),
      ...canopies.map((peer) => foundOn(all.find(({ row }) => row.peer === peer))),
      emphasized(deciding.outcome),
    ]),
  };
}

function foundOn(verdict: Verdict | undefined): string {
  if (verdict === undefined) return NOTHING;
  const found = describeFound(verdict);
  return verdict.outcome === 'not measured' ? found : `${found}, ${emphasized(verdict.outcome)}`;
}

function emphasized(outcome: Verdict['outcome']): string {
  return outcome === 'missed' ? '**missed**' : outcome;
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
