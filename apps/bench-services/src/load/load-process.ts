/**
 * The load generator, a process of its own: takes a job, says when it is ready, does it when told to, says what it saw.
 *
 * @module
 */
import { once } from 'node:events';
import { CallError } from '@canopy/contract';
import { rateOf, type Seen } from '../figures.ts';
import { isJob, type Job } from './job.ts';
import { prepare } from './work.ts';

const [job] = await once(process, 'message');
if (!isJob(job)) throw new TypeError('a job was expected');
try {
  await doJob(job);
} catch (error) {
  process.send?.({ event: 'failed', reason: reasonOf(error) });
}
process.disconnect();

function reasonOf(error: unknown): string {
  if (error instanceof CallError) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}

async function doJob(wanted: Job): Promise<void> {
  const work = await prepare(wanted);
  await work.warmUp();
  process.send?.({ event: 'ready' });
  await once(process, 'message');
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const samples = await work.run();
  const seconds = (performance.now() - begin) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const seen: Seen = {
    count: samples.count,
    seconds,
    p50Ms: samples.percentile(0.5),
    p99Ms: samples.percentile(0.99),
    loaderShare: (user + system) / 1_000_000 / seconds,
  };
  if (!(rateOf(seen) > 0)) throw new Error('nothing was done');
  process.send?.({ event: 'done', seen });
  work.close();
}
