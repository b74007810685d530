/**
 * A service as a process of its own, for the tests of its end: every count waits for SIGTERM to have begun the drain.
 *
 * @module
 */
import { directory } from '@canopy/contract';
import {
  anonymous,
  bindService,
  createLogger,
  readConfig,
  runMain,
  runService,
  serverSettings,
  unary,
} from '../src/index.ts';

class AwayError extends Error {}

await runMain(serve, (error) => error instanceof AwayError);

async function serve(): Promise<void> {
  if (process.env['STORE_IS_AWAY'] === 'yes') {
    throw new AwayError('the store cannot be reached', { cause: new Error('connect ECONNREFUSED') });
  }
  const config = readConfig(serverSettings, process.env);
  const log = createLogger({ service: 'process', level: config.logLevel });
  const calls = { authenticate: anonymous, log };
  const draining = Promise.withResolvers<void>();
  const { countKeyPackages } = directory.KeyDirectoryServiceService;
  const service = bindService(
    { countKeyPackages },
    {
      countKeyPackages: unary(calls, async () => {
        log.info({ event: 'counting' });
        await draining.promise;
        return { counts: [directory.StockCount.decode(new Uint8Array())] };
      }),
    },
  );
  await runService({ name: 'process', config, log, services: [service], onDrain: () => draining.resolve() });
}
