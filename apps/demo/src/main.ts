/**
 * `npm run demo`: the whole product on one machine, in separate processes (see the README).
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments, USAGE, type DemoOptions } from './arguments.ts';
import { Children } from './child-process.ts';
import { Report } from './report.ts';
import { play } from './story.ts';

async function run({ members }: DemoOptions): Promise<number> {
  const report = new Report((text) => process.stdout.write(text), process.stdout.isTTY);
  const folder = await mkdtemp(join(tmpdir(), 'canopy-demo-'));
  const children = new Children();
  const stop = (): void => void finish(children, folder).then(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  report.say(`Canopy demo: ${members} devices, three services, everything on this machine\n`);
  try {
    await play({ members, folder }, children, report);
  } catch (error) {
    report.say(`\nFAILED after ${report.total}: ${error instanceof Error ? error.message : String(error)}`);
    await finish(children, folder);
    return 1;
  }
  const left = await report.step('all processes end', () => finish(children, folder));
  if (left.length > 0) {
    report.say(`\nFAILED: still running or killed: ${left.join(', ')}`);
    return 1;
  }
  report.say(`\nEverything as it should be: ${children.started} processes, ${report.total}`);
  return 0;
}

/** Ends all processes and removes the data folder; gives the processes that did not end by themselves. */
async function finish(children: Children, folder: string): Promise<readonly string[]> {
  const killed = await children.endAll();
  await rm(folder, { recursive: true, force: true });
  return [...killed, ...children.alive()];
}

async function main(): Promise<number> {
  try {
    const options = readArguments(process.argv.slice(2));
    if (options !== undefined) return await run(options);
    process.stdout.write(`${USAGE}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    return 2;
  }
}

process.exitCode = await main();
