/**
 * `npm run bench`: how fast Canopy is beside other libraries and beside the primitives alone (see the README).
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs';

import { readArguments, USAGE, type Outputs } from './arguments.ts';
import { measure } from './measure.ts';
import type { BenchmarkResult } from './operations.ts';
import { drawChart } from './report/chart.ts';
import { writePage } from './report/page.ts';
import { readResult } from './report/read-result.ts';
import { terminalReport } from './report/terminal.ts';

const docs = new URL('../../../docs/', import.meta.url);
const PAGE = 'benchmarks.md';
const CHART = 'benchmarks.svg';

/** What is left to do when the command line was understood and an earlier result was read. */
type Task = () => Promise<void> | void;

async function main(): Promise<number> {
  let task: Task;
  try {
    task = readTask(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    return 2;
  }
  await task();
  return 0;
}

function readTask(parameters: readonly string[]): Task {
  const command = readArguments(parameters);
  if (command === undefined) return () => void process.stdout.write(`${USAGE}\n`);
  const { outputs } = command;
  if (command.kind === 'draw') {
    const result = readResult(readFileSync(command.from, 'utf8'));
    // What cannot be drawn is refused before anything is written.
    if (outputs.page) drawChart(result);
    return () => show(result, outputs);
  }
  const { options } = command;
  const { stderr } = process;
  const output = { isTerminal: stderr.isTTY, write: (text: string) => void stderr.write(text) };
  return async () => show(await measure(options, output), outputs);
}

/** Writes the figures first: they took the longest. */
function show(result: BenchmarkResult, { json, page }: Outputs): void {
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (json === '-') process.stdout.write(text);
  else if (json !== undefined) writeFileSync(json, text);
  (json === '-' ? process.stderr : process.stdout).write(terminalReport(result));
  if (!page) return;
  writeFileSync(new URL(CHART, docs), drawChart(result));
  writeFileSync(new URL(PAGE, docs), writePage(result, CHART));
}

process.exitCode = await main();
