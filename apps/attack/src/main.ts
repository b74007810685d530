/**
 * `npm run attack`: clients race against running services under faults, and their history is proved (see the README).
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { readArguments, USAGE, type AttackOptions } from './arguments.ts';
import { Deployment } from './deployment/deployment.ts';
import { startStore, type AttackedStore } from './deployment/store.ts';
import { SERVICE_FAULTS } from './history/faults.ts';
import { runHistory, type Progress } from './history/run.ts';
import { progressLine, summary } from './report.ts';

const EVENTS_BETWEEN_FAULTS = 300;
const PROGRESS_MS = 5_000;

async function attack(options: AttackOptions): Promise<number> {
  const seed = options.seed ?? randomInt(2 ** 32);
  say(`attack on ${options.store}, ${options.replicas} of each service, seed ${seed}`);
  const store = await startStore(options.store);
  try {
    return await attackStore(store, { ...options, seed });
  } finally {
    await store.stop();
  }
}

async function attackStore(
  store: AttackedStore,
  { seconds, seed, clients, replicas }: AttackOptions & { readonly seed: number },
): Promise<number> {
  const deployment = await Deployment.start({ replicas, settings: store.settings });
  const stop = (): void => void deployment.stop().then(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const verdict = await runHistory(deployment, {
      seed,
      clients,
      groups: clients,
      faults: [...SERVICE_FAULTS, ...store.faults],
      eventsBetweenFaults: EVENTS_BETWEEN_FAULTS,
      isOver: watch(seconds),
    });
    say(`\n${summary(verdict, deployment)}`);
    return verdict.violations.length === 0 ? 0 : 1;
  } finally {
    await deployment.stop();
  }
}

/** Says that it is over when the time is, and meanwhile how it goes. */
function watch(seconds: number): (progress: Progress) => boolean {
  const start = performance.now();
  let told = 0;
  return (progress) => {
    const elapsed = performance.now() - start;
    if (elapsed - told >= PROGRESS_MS) {
      told = elapsed;
      say(progressLine(progress, elapsed / 1000));
    }
    return elapsed >= seconds * 1000;
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(): Promise<number> {
  try {
    const options = readArguments(process.argv.slice(2));
    if (options !== undefined) return await attack(options);
    say(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    return 2;
  }
}

process.exitCode = await main();
