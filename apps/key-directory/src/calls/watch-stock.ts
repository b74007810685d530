/**
 * WatchStock: tells a device when its stock is low or its last resort was handed out.
 *
 * @module
 */
import type { directory } from '@canopy/contract';
import type { BidiHandler, Caller } from '@canopy/service';
import type { Directory } from '../directory.ts';
import { StockWatch } from '../stream/stock-watch.ts';

/** The streams that are open. */
export class StockWatches {
  readonly #service: Directory;
  readonly #open = new Set<StockWatch>();
  #isDraining = false;

  constructor(service: Directory) {
    this.#service = service;
  }

  /** Opens a stream; it ends at once when the service is already going away. */
  readonly watch: BidiHandler<directory.WatchStockRequest, directory.WatchStockResponse, Caller> = (
    requests,
    { caller, signal },
  ) => this.#converse(new StockWatch(this.#service, { caller, signal }), requests);

  /** Ends all streams in order. */
  drain(): void {
    this.#isDraining = true;
    for (const watch of this.#open) watch.drain();
  }

  async *#converse(
    watch: StockWatch,
    requests: AsyncIterable<directory.WatchStockRequest>,
  ): AsyncGenerator<directory.WatchStockResponse> {
    this.#open.add(watch);
    if (this.#isDraining) watch.drain();
    try {
      yield* watch.converse(requests);
    } finally {
      this.#open.delete(watch);
    }
  }
}
