/**
 * WatchStock: tells a device when its stock is low or its last resort was handed out.
 *
 * @module
 */
import type { directory } from '@canopy/contract';
import type { BidiHandler, Caller } from '@canopy/service';
import type { Directory } from '../directory.ts';
import { StockWatch } from '../stream/stock-watch.ts';

/** One is enough for a device; others may be left over from connections that are gone. */
const STREAMS_PER_DEVICE = 4;

/** The streams that are open. */
export class StockWatches {
  readonly #service: Directory;
  /** In the order in which they were opened. */
  readonly #open = new Map<string, Set<StockWatch>>();
  #isDraining = false;

  constructor(service: Directory) {
    this.#service = service;
  }

  /** Opens a stream; it ends at once when the service is already going away. */
  readonly watch: BidiHandler<directory.WatchStockRequest, directory.WatchStockResponse, Caller> = (
    requests,
    { caller, signal },
  ) => this.#converse(caller.device, new StockWatch(this.#service, { caller, signal }), requests);

  /** Ends all streams in order. */
  drain(): void {
    this.#isDraining = true;
    for (const watches of this.#open.values()) for (const watch of watches) watch.drain();
  }

  async *#converse(
    device: string,
    watch: StockWatch,
    requests: AsyncIterable<directory.WatchStockRequest>,
  ): AsyncGenerator<directory.WatchStockResponse> {
    this.#add(device, watch);
    if (this.#isDraining) watch.drain();
    try {
      yield* watch.converse(requests);
    } finally {
      this.#remove(device, watch);
    }
  }

  /** Ends the oldest stream of a device that has too many: the newest is the one that somebody reads. */
  #add(device: string, watch: StockWatch): void {
    const watches = this.#open.get(device) ?? new Set();
    this.#open.set(device, watches.add(watch));
    if (watches.size <= STREAMS_PER_DEVICE) return;
    const [oldest] = watches;
    if (oldest === undefined) return;
    watches.delete(oldest);
    oldest.drain();
  }

  #remove(device: string, watch: StockWatch): void {
    const watches = this.#open.get(device);
    watches?.delete(watch);
    if (watches?.size === 0) this.#open.delete(device);
  }
}
