/**
 * What is printed at the end of a run.
 *
 * @module
 */

import { isCanopy } from '../libraries.ts';
import type { BenchmarkResult } from '../operations.ts';
import { findFasterPeers, judge } from '../verdicts.ts';
import { Comparison } from './comparison.ts';
import { leftOutLines } from './left-out.ts';
import { treeLabel } from './names.ts';
import { sizesTable } from './sizes.ts';
import { plainLines } from './text-table.ts';
import { countOutcomes, describeFasterPeer, describeVerdict, outcomesByBackEnd } from './verdict-words.ts';

/** Gives the report of a result as text. */
export function terminalReport(result: BenchmarkResult): string {
  const sections = [
    machineLines(result),
    ...comparisonSections(result),
    section('Sizes', tableLines(result)),
    section('Left out', leftOutLines(result.leftOut)),
    section('Another library was faster', findFasterPeers(result).map(describeFasterPeer)),
    targetLines(result),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function machineLines({ machine }: BenchmarkResult): readonly string[] {
  const { cpu, cores, memoryGiB, node, openssl, date, peers } = machine;
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB; Node ${node}, OpenSSL ${openssl}; ${date}`,
    peers.filter(isCanopy).join(', '),
    ...lineOf(peers.filter((peer) => !isCanopy(peer)).join(', ')),
    'Canopy: median time. × floor: how many times as long as the primitives that RFC 9420 demands, on the same back end.',
    'Other libraries: how many times faster Canopy as installed is (their own time where Canopy has none). N: members.',
  ];
}

function lineOf(text: string): readonly string[] {
  return text === '' ? [] : [text];
}

function comparisonSections(result: BenchmarkResult): readonly (readonly string[])[] {
  const comparison = new Comparison(result);
  return comparison.figures
    .blocks()
    .map((block) => [
      `Suite ${block.suite}, ${treeLabel(block.tree)}`,
      '',
      ...plainLines(comparison.table([block], { withTimes: false })),
    ]);
}

function tableLines(result: BenchmarkResult): readonly string[] {
  const table = sizesTable(result);
  return table === undefined ? [] : plainLines(table);
}

function targetLines(result: BenchmarkResult): readonly string[] {
  const judgements = judge(result);
  const deciding = judgements.map((judgement) => judgement.deciding);
  const missed = deciding.filter(({ outcome }) => outcome === 'missed');
  return [
    `Targets: ${countOutcomes(deciding)}`,
    ...missed.map((verdict) => `  ${describeVerdict(verdict)}`),
    ...outcomesByBackEnd(judgements).map((line) => `  ${line}`),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, '', ...lines.map((line) => `  ${line}`)];
}
