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
    await news(loader, 'ready');
    const before = cpuTimeOf(servicePid);
    loader.process.send('go');
    const { seen } = await news(loader, 'done');
    const after = cpuTimeOf(servicePid);
    return { ...seen, serverUs: (after - before) / seen.count };
  } finally {
    await loader.end();
  }
}

/** What a load generator says. */
type News =
  | { readonly event: 'ready' }
  | { readonly event: 'done'; readonly seen: Seen }
  | { readonly event: 'failed'; readonly reason: string };

async function news<Event extends News['event']>(
  loader: Child,
  event: Event,
): Promise<Extract<News, { readonly event: Event }>> {
  const [message] = await Promise.race([once(loader.process, 'message'), loader.died]);
  if (!isNews(message)) throw new TypeError(`${loader.name} speaks unclearly`);
  if (message.event === 'failed') throw new Error(`${loader.name}: ${message.reason}`);
  if (!isOf(message, event)) throw new TypeError(`${loader.name} is not ${event} but ${message.event}`);
  return message;
}

function isOf<Event extends News['event']>(
  message: News,
  event: Event,
): message is Extract<News, { readonly event: Event }> {
  return message.event === event;
}

/** The load generator is this very program. */
function isNews(message: unknown): message is News {
  return typeof message === 'object' && message !== null && 'event' in message;
}
