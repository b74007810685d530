/**
 * `npm run bench:services`: how fast the services are beside a call and a stream that do nothing (see the README).
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { readArguments, USAGE, type RunOptions } from './arguments.ts';
import { measure } from './campaign.ts';
import { judge, report } from './report.ts';

async function main(): Promise<number> {
  const options = readOptions();
  if (options === 'unclear') return 2;
  if (options === undefined) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const results = await measure(options, (line) => void process.stderr.write(`${line}\n`));
  const machine = { node: process.version, cores: availableParallelism(), quick: options.quick };
  const text = `${JSON.stringify({ ...machine, results, verdicts: results.flatMap(judge) }, null, 2)}\n`;
  if (options.json === '-') process.stdout.write(text);
  else if (options.json !== undefined) writeFileSync(options.json, text);
  (options.json === '-' ? process.stderr : process.stdout).write(report(results));
  const failed = results.some(({ figures }) => Object.values(figures).some((one) => typeof one === 'string'));
  return failed ? 1 : 0;
}

function readOptions(): RunOptions | undefined | 'unclear' {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    return 'unclear';
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();
