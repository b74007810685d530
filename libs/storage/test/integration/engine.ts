/**
 * Whether there is a Docker engine to test with.
 *
 * @module
 */
import { describe } from '@jest/globals';
import { getContainerRuntimeClient } from 'testcontainers';

/**
 * Finds out why containers cannot be started; undefined when they can.
 *
 * @throws Error in CI, where a missing engine is a fault and not a reason to skip
 */
export async function whyNoEngine(): Promise<string | undefined> {
  try {
    await getContainerRuntimeClient();
    return undefined;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (process.env['CI'] === 'true') throw new Error(`no Docker engine: ${reason}`, { cause });
    return reason;
  }
}

const noEngine = await whyNoEngine();

/** Describes tests that need containers; without an engine it says that they were skipped, by name. */
export function describeWithEngine(name: string, tests: () => void): void {
  if (noEngine === undefined) {
    describe(name, tests);
    return;
  }
  process.stderr.write(`skipped: ${name}, no Docker engine: ${noEngine}\n`);
  describe.skip(name, tests);
}
