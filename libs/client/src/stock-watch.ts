/**
 * Is told by the Key Directory when the stock of this device's KeyPackages runs low (RFC 9420 §16.8).
 *
 * @module
 */
import { CallError, directory, openStream, type Stream } from '@canopy/contract';
import { backoff, pause } from './service-calls.ts';
import type { Surroundings } from './surroundings.ts';

type StockStream = Stream<directory.WatchStockRequest, directory.WatchStockResponse>;

/** What is to be done when the stock is low. */
export interface StockWatchParts {
  /** The stock is low while it has fewer single-use KeyPackages than this, or no last resort. */
  readonly lowWaterMark: number;
  readonly onLow: () => void;
}

/** Watches the stock of a device over one stream, which is opened again whenever it ends. */
export class StockWatch {
  readonly #around: Surroundings;
  readonly #parts: StockWatchParts;
  #failures = 0;
  #isHeard = false;

  constructor(around: Surroundings, parts: StockWatchParts) {
    this.#around = around;
    this.#parts = parts;
  }

  /** Watches until the client is closed. */
  async follow(): Promise<void> {
    const { signal, log, tokens } = this.#around;
    while (!signal.aborted) {
      try {
        await this.#converse();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof CallError && error.code === 'UNAUTHENTICATED') tokens.forget();
        log({ event: 'stock-not-watched', cause: error });
      }
      await pause(backoff(this.#failures), signal).catch(() => {});
      this.#failures += 1;
    }
  }

  async #converse(): Promise<void> {
    const { stubs, tokens, signal, suite } = this.#around;
    const metadata = await tokens.metadata('directory');
    const stream = openStream(stubs.directory, 'watchStock', { metadata, signal });
    const ended = new AbortController();
    try {
      const marks = [{ cipherSuite: suite.id, singleUse: this.#parts.lowWaterMark }];
      await stream.send({ request: { $case: 'marks', value: { marks } } });
      void this.#ping(stream, ended.signal);
      for await (const { response } of stream.responses) {
        this.#isHeard = true;
        if (response?.$case === 'draining') return;
        if (response?.$case === 'levels') this.#judge(response.value);
      }
    } finally {
      ended.abort();
      stream.cancel();
    }
  }

  #judge({ levels }: directory.StockLevels): void {
    this.#failures = 0;
    const { suite } = this.#around;
    if (levels.some(({ count, low }) => low && count?.cipherSuite === suite.id)) this.#parts.onLow();
  }

  async #ping(stream: StockStream, ended: AbortSignal): Promise<void> {
    const { pingIntervalMs } = this.#around;
    try {
      for (let token = 1; ; token += 1) {
        await pause(pingIntervalMs, ended);
        this.#isHeard = false;
        await stream.send({ request: { $case: 'ping', value: { token: BigInt(token) } } });
        await pause(pingIntervalMs, ended);
        if (!this.#isHeard) stream.cancel();
      }
    } catch {
      // The stream has ended, and is opened again by whoever reads it.
    }
  }
}
