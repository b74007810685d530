/**
 * Has a load generator do a job, and watches what that costs the service.
 *
 * @module
 */
import { once } from 'node:events';
import { join } from 'node:path';
import type { Figures, Seen } from '../figures.ts';
import type { Job } from '../load/job.ts';
import { start, type Child } from './child-process.ts';
import { cpuTimeOf } from './cpu-time.ts';

const PROGRAM = join(import.meta.dirname, '..', 'load', 'load-process.ts');

/** Does a job against the service with that process id. */
export async function runJob(job: Job, servicePid: number): Promise<Figures> {
  const loader = start({
    name: `load generator (${job.kind})`,
    command: process.execPath,
    parameters: ['--disable-warning=ExperimentalWarning', PROGRAM],
    talks: true,
  });
  try {
    loader.process.send(job);
    await news(loader);
    const before = cpuTimeOf(servicePid);
    loader.process.send('go');
    const { seen } = await news(loader);
    const after = cpuTimeOf(servicePid);
    if (seen === undefined) throw new Error(`${loader.name} saw nothing`);
    return { ...seen, serverUs: (after - before) / seen.count };
  } finally {
    await loader.end();
  }
}

/** What a load generator says: that it is ready, or what it saw. */
interface News {
  readonly event: 'ready' | 'done';
  readonly seen?: Seen;
}

async function news(loader: Child): Promise<News> {
  const [message] = await Promise.race([once(loader.process, 'message'), loader.died]);
  if (!isNews(message)) throw new TypeError(`${loader.name} speaks unclearly`);
  return message;
}

/** The load generator is this very program. */
function isNews(message: unknown): message is News {
  return typeof message === 'object' && message !== null && 'event' in message;
}
