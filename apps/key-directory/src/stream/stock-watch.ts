/**
 * One device's stream about its stock.
 *
 * What is told is read from the store when the transport can take it: however often the stock changes and however slowly
 * the device reads, one answer is in memory. A wake-up says only that it is worth to look; a timer looks besides, because
 * wake-ups can get lost.
 *
 * @module
 */
import { requireField, type directory } from '@canopy/contract';
import { Bell, unauthenticated, type Caller } from '@canopy/service';
import type { Directory } from '../directory.ts';
import { noteStock } from '../metrics.ts';
import { areNews, levelsOf, readMarks, type Level, type Marks } from './stock-levels.ts';

/** Who has the stream, and how its end is noticed. */
export interface WatchContext {
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

type Response = directory.WatchStockResponse;

/** Why a stream is over. */
type End = 'draining' | 'closed' | { readonly failure: unknown };

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A stream that is open. */
export class StockWatch {
  readonly #service: Directory;
  readonly #context: WatchContext;
  readonly #bell = new Bell();
  #marks: Marks | undefined;
  #told: readonly Level[] | undefined;
  #mayHaveChanged = false;
  /** What the device has said and nobody has answered yet; nothing more is read before. */
  #heard: directory.WatchStockRequest | undefined;
  #answered: (() => void) | undefined;
  #end: End | undefined;

  constructor(service: Directory, context: WatchContext) {
    this.#service = service;
    this.#context = context;
  }

  /** Tells the device to go elsewhere. */
  drain(): void {
    this.#finish('draining');
  }

  /** Speaks until the device goes, the service drains, the token expires, the device or its key is revoked, or something fails. */
  async *converse(requests: AsyncIterable<directory.WatchStockRequest>): AsyncGenerator<Response> {
    const stop = this.#start();
    void this.#listen(requests);
    try {
      yield* this.#speak();
    } finally {
      this.#finish('closed');
      stop();
    }
  }

  async *#speak(): AsyncGenerator<Response> {
    for (;;) {
      this.#context.signal.throwIfAborted();
      if (this.#end !== undefined) break;
      const response = this.#answer() ?? (await this.#look());
      if (response !== undefined) yield response;
      else await this.#bell.heard();
    }
    if (typeof this.#end === 'object') throw this.#end.failure;
    if (this.#end === 'draining') yield { response: { $case: 'draining', value: {} } };
  }

  #answer(): Response | undefined {
    const request = this.#heard;
    if (request === undefined) return undefined;
    this.#heard = undefined;
    this.#answered?.();
    const { $case, value } = requireField(request.request, 'request');
    if ($case === 'ping') return { response: { $case: 'pong', value: { token: value.token } } };
    this.#marks = readMarks(value);
    this.#told = undefined;
    this.#mayHaveChanged = true;
    return this.#answer();
  }

  async #look(): Promise<Response | undefined> {
    if (this.#marks === undefined || !this.#mayHaveChanged) return undefined;
    // Before the store is read: what changes meanwhile makes it look once more.
    this.#mayHaveChanged = false;
    const { stores, clock } = this.#service;
    const counts = await stores.singleUseStock.count(this.#context.caller.device, clock.now());
    noteStock(counts);
    const levels = levelsOf(counts, this.#marks);
    if (this.#told !== undefined && !areNews(this.#told, levels)) return undefined;
    this.#told = levels;
    return { response: { $case: 'levels', value: { levels: [...levels] } } };
  }

  async #listen(requests: AsyncIterable<directory.WatchStockRequest>): Promise<void> {
    try {
      // A device that has nothing more to say may go on listening.
      for await (const request of requests) {
        if (this.#end !== undefined) return;
        await this.#hear(request);
      }
    } catch (failure) {
      this.#finish({ failure });
    }
  }

  #hear(request: directory.WatchStockRequest): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = request;
      this.#answered = resolve;
      this.#bell.ring();
    });
  }

  #finish(end: End): void {
    this.#end ??= end;
    this.#answered?.();
    this.#bell.ring();
  }

  /** Listens to everything that may wake or end the stream; gives what stops that. */
  #start(): () => void {
    const { stores, config, revocations } = this.#service;
    const { caller, signal } = this.#context;
    const wake = (): void => {
      this.#mayHaveChanged = true;
      this.#bell.ring();
    };
    const ring = (): void => this.#bell.ring();
    const endIfRevoked = (): void => {
      try {
        revocations.requireBelieved(caller);
      } catch (failure) {
        this.#finish({ failure });
      }
    };
    signal.addEventListener('abort', ring);
    const unsubscribe = stores.singleUseStock.onChange(caller.device, wake);
    const timer = setInterval(wake, config.stockInterval).unref();
    const expiry = this.#startExpiry();
    const forget = revocations.onChange(endIfRevoked);
    return () => {
      signal.removeEventListener('abort', ring);
      unsubscribe();
      clearInterval(timer);
      clearTimeout(expiry);
      forget();
    };
  }

  /** A stream must not outlive the statement about who has it. */
  #startExpiry(): NodeJS.Timeout {
    const left = this.#context.caller.expiresAtUnixMs - this.#service.clock.now();
    const expire = (): void => this.#finish({ failure: unauthenticated('TOKEN_EXPIRED') });
    return setTimeout(expire, Math.min(Math.max(left, 0), LONGEST_TIMER_MS)).unref();
  }
}
