/**
 * A service as a process: ends in order when it is told to.
 *
 * @module
 */
import { setLogger } from '@grpc/grpc-js';
import { ConfigError } from './config.ts';
import { serve, type RunningService, type ServeOptions } from './server.ts';

/** Serves until SIGTERM, SIGINT or, if so configured, the end of standard input; then drains and exits with 0. */
export async function runService(options: ServeOptions): Promise<RunningService> {
  // What grpc-js complains about belongs into the same log.
  const complain = (...words: readonly unknown[]): void => options.log.warn({ event: 'grpc', words });
  setLogger({ error: complain, info: complain, debug: complain });
  const running = await serve(options);
  let ending = false;
  const end = (cause: string): void => {
    if (ending) {
      // Whoever asks twice does not want to wait.
      process.exit(1);
    }
    ending = true;
    options.log.info({ event: 'ending', cause });
    void exitAfter(running, options);
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  if (options.config.exitWithParent) {
    process.stdin.once('close', () => end('standard input closed'));
    process.stdin.resume();
  }
  return running;
}

/**
 * Runs the main function of a service; tells in plain words, and exits with 1, when the configuration is faulty, or when
 * something failed that can be expected to, such as a store that is away.
 */
export async function runMain(
  main: () => Promise<unknown>,
  isExpected: (error: unknown) => boolean = () => false,
): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof Error && isExpected(error))) {
      throw error;
    }
    process.stderr.write(`${sentenceOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** What went wrong, and why as far as it is known. */
function sentenceOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

async function exitAfter(running: RunningService, options: ServeOptions): Promise<void> {
  try {
    await running.drain();
    process.exit(0);
  } catch (error) {
    options.log.error({ event: 'drain-failed', err: error });
    process.exit(1);
  }
}
