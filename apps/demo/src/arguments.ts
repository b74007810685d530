/**
 * What can be said on the command line.
 *
 * @module
 */

import { parseArgs } from 'node:util';

/** The demo's options. */
export interface DemoOptions {
  /** How many devices take part. */
  readonly members: number;
}

const FEWEST = 4;
const MOST = 200;

/** What is printed for `--help`. */
export const USAGE = `npm run demo -- [--members N]

  --members N   how many devices take part, ${FEWEST} to ${MOST} (${FEWEST}: Alice on two devices, Bob, Carol)
  --help        this text`;

/** Reads the command line; undefined when help is asked for. @throws TypeError in plain words */
export function readArguments(parameters: readonly string[]): DemoOptions | undefined {
  const { values } = parseArgs({
    args: [...parameters],
    options: { members: { type: 'string', default: String(FEWEST) }, help: { type: 'boolean' } },
  });
  if (values.help === true) return undefined;
  const members = Number(values.members);
  if (!Number.isInteger(members) || members < FEWEST || members > MOST) {
    throw new TypeError(
      `--members expects a whole number from ${FEWEST} to ${MOST}, found ${values.members}`,
    );
  }
  return { members };
}
