/**
 * Readers that do not read, on Redis: what the service keeps for them has the bound that it has on SQLite.
 *
 * @module
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Deployment } from '../../src/deployment/deployment.ts';
import { startStore, type AttackedStore } from '../../src/deployment/store.ts';
import { measureReaders } from '../../src/readers/slow-readers.ts';
import { describeWithEngine } from './engine.ts';

const MEGABYTE = 1024 * 1024;
const load = { readers: 200, messageBytes: 16 * 1024 };
/** What 200 streams may need that take nothing, in all: if each kept what it does not take, it would be 520 MB. */
const BOUND = 256 * MEGABYTE;

describeWithEngine('200 streams that do not read beside 200 that do, on one Redis', () => {
  let store: AttackedStore;
  let deployment: Deployment;

  beforeAll(async () => {
    store = await startStore('redis');
    deployment = await Deployment.start({ replicas: 1, settings: store.settings });
  }, 90_000);

  afterAll(async () => {
    await deployment.stop();
    await store.stop();
  }, 30_000);

  it('invariant 7: need a bounded amount of the memory of the service', async () => {
    // The first run warms the service up.
    await measureReaders(deployment, { ...load, messages: 20, slowReaders: 0 });
    const { residentBefore, residentPeak } = await measureReaders(deployment, {
      ...load,
      messages: 160,
      slowReaders: 200,
    });
    const grown = residentPeak - residentBefore;
    process.stdout.write(`200 readers beside 200 slow ones, on Redis: ${(grown / MEGABYTE).toFixed(0)} MB\n`);
    expect(grown).toBeLessThan(BOUND);
  }, 120_000);
});
