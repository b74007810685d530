import { processMetrics } from '@canopy/service';
import { afterEach, expect, it } from '@jest/globals';
import { startBench, stock, type Bench } from './bench.ts';

let bench: Bench;

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

/** How many observations there were, and their sum. */
async function levels(): Promise<readonly number[]> {
  const text = await processMetrics.text();
  return ['count', 'sum'].map((what) =>
    Number(new RegExp(`^canopy_key_package_stock_${what} (\\d+)$`, 'mu').exec(text)?.[1] ?? 'none'),
  );
}

it('the stock of a device is counted when it looks at it, suite by suite', async () => {
  bench = await startBench();
  const alice = await bench.device('alice');
  await stock(bench, alice, 5);
  await stock(bench, alice, 2, { cipherSuite: 2 });
  const [count = 0, sum = 0] = await levels();
  await alice.call('countKeyPackages', {});
  expect(await levels()).toEqual([count + 2, sum + 7]);
});
