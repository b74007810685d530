/**
 * The process behind `npm run interop`.
 *
 * @module
 */

import { readArguments, USAGE } from './arguments.ts';
import { startServer } from './server.ts';

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (options === undefined) {
    console.log(USAGE);
    return;
  }
  const server = await startServer(options);
  console.log(`Canopy plays MLS clients at ${options.host}:${server.port}; Ctrl-C ends it`);
  const stop = (): void => server.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
