import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Deployment } from '../../src/deployment/deployment.ts';
import { measureIdle } from '../../src/readers/idle-streams.ts';

/** What a stream that waits may cost: its parts, its HTTP/2 stream, its share of a connection. */
const BOUND = 128 * 1024;

let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.start({ replicas: 1 });
}, 60_000);

afterAll(() => deployment.stop());

describe('many streams on one process', () => {
  it('invariant 7: cost a bounded amount of memory each', async () => {
    // The first ones warm the service up.
    await measureIdle(deployment, { streams: 200, connections: 4 });
    const bytes = await measureIdle(deployment, { streams: 2_000, connections: 8 });
    process.stdout.write(`2000 streams that wait: ${(bytes / 1024).toFixed(1)} KB each\n`);
    expect(bytes).toBeLessThan(BOUND);
  }, 120_000);
});
