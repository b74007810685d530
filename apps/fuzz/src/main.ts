/**
 * `npm run fuzz`: looks for what must not be in libs/mls (see the README).
 *
 * @module
 */

import { randomInt } from 'node:crypto';
import { readArguments, USAGE } from './arguments.ts';
import { Campaign } from './campaign.ts';
import { actions } from './structure/run-world.ts';

async function main(): Promise<number> {
  let isStopped = false;
  try {
    const options = readArguments(process.argv.slice(2));
    if (options === undefined) {
      process.stdout.write(`${USAGE}\n`);
      return 0;
    }
    const stop = (): void => void (isStopped = true);
    process.once('SIGINT', stop).once('SIGTERM', stop);
    const output = {
      isTerminal: process.stdout.isTTY,
      write: (text: string) => void process.stdout.write(text),
    };
    const around = { output, now: () => performance.now(), isStopped: () => isStopped, actions };
    const campaign = new Campaign(options, options.seed ?? randomInt(2 ** 32), around);
    const { findings } = await campaign.run();
    return findings.length > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    return 2;
  }
}

process.exitCode = await main();
