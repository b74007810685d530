/**
 * How long one input may keep a client busy.
 *
 * @module
 */

import { find } from './finding.ts';

/** In milliseconds of the processor: what else the machine does is not counted. */
const LONGEST = 1000;

/** Does something with one input; taking too long is a finding. */
export async function timed<T>(what: string, act: () => Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await act();
  const { user, system } = process.cpuUsage(before);
  const milliseconds = (user + system) / 1000;
  if (milliseconds > LONGEST) find(`${what}: took ${Math.round(milliseconds)} ms`);
  return result;
}
