import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Job } from '../src/load/job.ts';
import { start, type Child } from '../src/processes/child-process.ts';
import { runJob } from '../src/processes/loader.ts';
import { listening, NO_OP, type Service } from '../src/processes/services.ts';
import { newGroup } from '../src/scene/group.ts';

let child: Child;
let noOp: Service;

beforeEach(async () => {
  const environment = { CANOPY_PORT: '0', CANOPY_EXIT_WITH_PARENT: '1' };
  child = start({ name: 'no-op', command: process.execPath, parameters: [NO_OP], environment });
  noOp = await listening(child);
});

afterEach(async () => {
  await child.end();
});

describe('a load generator', () => {
  it('makes calls, and counts those that are not for warming up', async () => {
    const { address, pid } = noOp;
    const job: Job = {
      kind: 'call',
      address,
      token: 'any',
      groups: [newGroup(), newGroup()],
      inFlight: 8,
      warmUp: 20,
      count: 300,
    };
    const figures = await runJob(job, pid);
    expect(figures.count).toBe(300);
    expect(figures.seconds).toBeGreaterThan(0);
    expect(figures.p50Ms).toBeLessThanOrEqual(figures.p99Ms);
  });

  it('sends on streams, and waits for the answer of every message', async () => {
    const { address, pid } = noOp;
    const groups = [newGroup(), newGroup()];
    const work = { streams: 2, together: 1, inFlight: 16, warmUp: 20, count: 400 };
    const figures = await runJob({ kind: 'stream', address, token: 'any', groups, ...work }, pid);
    expect(figures.count).toBe(400);
  });

  it('counts every delivery to every stream', async () => {
    const { address, pid } = noOp;
    const work = { streams: 10, inFlight: 16, warmUp: 5, count: 40 };
    const figures = await runJob({ kind: 'fan-out', address, token: 'any', group: newGroup(), ...work }, pid);
    expect(figures.count).toBe(400);
  });

  it('fails when the service is not there, and says why', async () => {
    const { pid } = noOp;
    const work = { inFlight: 1, warmUp: 0, count: 1 };
    await expect(
      runJob({ kind: 'call', address: '127.0.0.1:1', token: '', groups: [newGroup()], ...work }, pid),
    ).rejects.toThrow('UNAVAILABLE');
  });
});
