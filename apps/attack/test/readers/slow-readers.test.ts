/**
 * Readers that do not read: they cost the service next to nothing, and the others little.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Deployment } from '../../src/deployment/deployment.ts';
import { measureReaders, type Measured } from '../../src/readers/slow-readers.ts';

const MEGABYTE = 1024 * 1024;
const load = { readers: 200, messages: 160, messageBytes: 16 * 1024 };
/** What 200 streams may need that take nothing, in all: if each kept what it does not take, it would be 520 MB. */
const BOUND = 256 * MEGABYTE;
/** How much more work the service may have until the good readers have everything, and how much longer they may wait for it. */
const WORK_FACTOR = 2;
const TIME_FACTOR = 4;

let deployment: Deployment;
let alone: Measured;
let beside: Measured;

beforeAll(async () => {
  deployment = await Deployment.start({ replicas: 1 });
  // The first run warms the service up.
  await measureReaders(deployment, { ...load, messages: 20, slowReaders: 0 });
  alone = await measureReaders(deployment, { ...load, slowReaders: 0 });
  beside = await measureReaders(deployment, { ...load, slowReaders: 200 });
  process.stdout.write(`200 readers alone: ${inWords(alone)}; beside 200 slow ones: ${inWords(beside)}\n`);
}, 180_000);

afterAll(() => deployment.stop());

function inWords({ elapsedMs, processorMs, residentBefore, residentPeak }: Measured): string {
  const [before, peak] = [residentBefore, residentPeak].map((bytes) => (bytes / MEGABYTE).toFixed(0));
  return `${elapsedMs.toFixed(0)} ms, ${processorMs} ms of the processor, ${before} to ${peak} MB`;
}

describe('200 streams that do not read beside 200 that do', () => {
  it('invariant 7: need a bounded amount of the memory of the service', () => {
    expect(beside.residentPeak - beside.residentBefore).toBeLessThan(BOUND);
  });

  it('invariant 7: slow the others down by no more than a factor', () => {
    expect(beside.processorMs).toBeLessThan(WORK_FACTOR * alone.processorMs);
    expect(beside.elapsedMs).toBeLessThan(TIME_FACTOR * alone.elapsedMs);
  });
});
