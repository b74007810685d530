import { processMetrics } from '@canopy/service';
import { afterEach, expect, it } from '@jest/globals';
import { startBench, type Bench } from './bench.ts';
import { TestGroup } from './group.ts';
import { Reader } from './reader.ts';

let bench: Bench;

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

/** How many observations there were, and their sum. */
async function lags(): Promise<readonly number[]> {
  const text = await processMetrics.text();
  return ['count', 'sum'].map((what) =>
    Number(new RegExp(`^canopy_stream_lag_entries_${what} (\\d+)$`, 'mu').exec(text)?.[1] ?? 'none'),
  );
}

it('the lag of a stream is how many entries it has to go, at each page that it says', async () => {
  bench = await startBench({ environment: { CANOPY_PAGE_ENTRIES: '4' } });
  const alice = await bench.device();
  const group = new TestGroup();
  await group.create(alice);
  for (let round = 0; round < 10; round += 1) await group.send(alice, 0n);
  const [count = 0, sum = 0] = await lags();
  const reader = new Reader(alice);
  await reader.stream.send(group.subscribeRequest(0n));
  await reader.until('live');
  // Ten, then six, then two.
  expect(await lags()).toEqual([count + 3, sum + 18]);
  reader.stream.cancel();
});
