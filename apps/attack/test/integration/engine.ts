/**
 * Whether there is a Docker engine to test with.
 *
 * @module
 */
import { describe } from '@jest/globals';
import { RedisServers } from '../../src/deployment/redis-servers.ts';

const reason = await RedisServers.whyNone();
// In CI a missing engine is a fault and not a reason to skip.
if (reason !== undefined && process.env['CI'] === 'true') throw new Error(reason);

/** Describes tests that need containers; without an engine it says that they were skipped, by name. */
export function describeWithEngine(name: string, tests: () => void): void {
  if (reason === undefined) {
    describe(name, tests);
    return;
  }
  process.stderr.write(`skipped: ${name}, ${reason}\n`);
  describe.skip(name, tests);
}
