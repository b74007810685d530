/**
 * One run: all cases on each store, one after another.
 *
 * @module
 */
import type { RunOptions, StoreName } from './arguments.ts';
import { runCase, type CaseName, type Scene } from './cases.ts';
import type { Figures } from './figures.ts';
import { findRedisServer, startRedisServer } from './processes/redis-server.ts';
import { startServices, type Store } from './processes/services.ts';
import type { StoreResult } from './report.ts';
import { enrolDevices } from './scene/enrol.ts';

const DEVICES = 16;
const QUICK_DIVISOR = 10;

/** Measures; the listener hears of the progress, a line each. */
export async function measure(
  options: RunOptions,
  say: (line: string) => void,
): Promise<readonly StoreResult[]> {
  const results: StoreResult[] = [];
  for (const name of options.stores) {
    const opened = await openStore(name, options);
    if (opened === undefined) {
      say(`redis: left out: there is no redis-server on the path, and no --redis URL`);
    } else {
      try {
        results.push({ store: name, figures: await measureOn(opened.store, options, say) });
      } finally {
        await opened.end();
      }
    }
  }
  return results;
}

interface OpenStore {
  readonly store: Store;
  end(): Promise<void>;
}

function nothingToEnd(): Promise<void> {
  return Promise.resolve();
}

async function openStore(name: StoreName, { redisUrl }: RunOptions): Promise<OpenStore | undefined> {
  if (name === 'sqlite') return { store: { kind: 'sqlite' }, end: nothingToEnd };
  if (redisUrl !== undefined) return { store: { kind: 'redis', url: redisUrl }, end: nothingToEnd };
  const program = await findRedisServer();
  if (program === undefined) return undefined;
  const server = await startRedisServer(program);
  return { store: { kind: 'redis', url: server.url }, end: () => server.end() };
}

async function measureOn(
  store: Store,
  { cases, quick, profiles }: RunOptions,
  say: (line: string) => void,
): Promise<StoreResult['figures']> {
  const services = await startServices({ store, profiles });
  try {
    const devices = await enrolDevices(services.registrar, DEVICES);
    const scene = { services, devices, divisor: quick ? QUICK_DIVISOR : 1 };
    const figures: Partial<Record<CaseName, Figures | string>> = {};
    for (const name of cases) {
      const begin = performance.now();
      figures[name] = await measureCase(name, scene);
      say(`${store.kind}: ${name}: ${((performance.now() - begin) / 1_000).toFixed(1)} s`);
    }
    return figures;
  } finally {
    await services.end();
  }
}

/** A case that fails does not take the others along, and says why in its place in the table. */
async function measureCase(name: CaseName, scene: Scene): Promise<Figures | string> {
  try {
    return await runCase(name, scene);
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : String(error)}`.slice(0, 200);
  }
}
