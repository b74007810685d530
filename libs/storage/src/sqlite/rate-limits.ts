/**
 * Token buckets on SQLite.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { MAX_CLOCK_SKEW_MS } from '../rate-limits.ts';
import type { RateLimits, TakeOutcome, TakeTokens } from '../rate-limits.ts';
import type { SqliteConnection } from './connection.ts';
import { real, smallInteger } from './row.ts';

/** How many full buckets one step forgets at most: more than it makes, so that they never pile up. */
const FORGET_PER_STEP = 8;

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Token buckets in one SQLite file. */
export class SqliteRateLimits implements RateLimits {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  take(request: TakeTokens): Promise<TakeOutcome> {
    return this.#connection.commit(() => this.#take(request));
  }

  #take(request: TakeTokens): TakeOutcome {
    const { cost, refillPerSecond, nowMs } = request;
    // The name may say who talks to whom.
    const key = createHash('sha256').update(request.bucket).digest();
    this.#forgetFull(nowMs);
    const found = this.#find(key);
    const { tokens, atMs } = refill(found, request);
    const wanted = Math.min(cost, request.capacity);
    if (tokens < wanted || cost > wanted) {
      // Only a bucket whose time was set back changes: it would be set back again and again, and never fill.
      if (found !== undefined && atMs < found.atMs) this.#keep(key, request, { tokens, atMs });
      const untilThereMs = Math.ceil(((wanted - tokens) / refillPerSecond) * 1000);
      return { outcome: 'empty', retryAfterMs: Math.max(1, untilThereMs + atMs - nowMs) };
    }
    this.#keep(key, request, { tokens: tokens - cost, atMs });
    return { outcome: 'taken' };
  }

  #find(key: Uint8Array): Bucket | undefined {
    const row = this.#connection.get('SELECT tokens, at_ms FROM rate_limit WHERE bucket = ?', key);
    return row === undefined ? undefined : { tokens: real(row, 'tokens'), atMs: smallInteger(row, 'at_ms') };
  }

  #keep(key: Uint8Array, { capacity, refillPerSecond }: TakeTokens, { tokens, atMs }: Bucket): void {
    this.#connection.run(
      `INSERT INTO rate_limit (bucket, tokens, at_ms, full_at_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (bucket) DO UPDATE SET
         tokens = excluded.tokens, at_ms = excluded.at_ms, full_at_ms = excluded.full_at_ms`,
      key,
      tokens,
      atMs,
      atMs + Math.ceil(((capacity - tokens) / refillPerSecond) * 1000),
    );
  }

  #forgetFull(nowMs: number): void {
    this.#connection.run(
      `DELETE FROM rate_limit WHERE bucket IN
         (SELECT bucket FROM rate_limit WHERE full_at_ms < ? ORDER BY full_at_ms LIMIT ?)`,
      nowMs - MAX_CLOCK_SKEW_MS,
      FORGET_PER_STEP,
    );
  }
}

/** Gives what is in a bucket now. */
function refill(found: Bucket | undefined, { capacity, refillPerSecond, nowMs }: TakeTokens): Bucket {
  if (found === undefined) return { tokens: capacity, atMs: nowMs };
  const elapsedMs = Math.max(0, nowMs - found.atMs);
  const tokens = Math.min(capacity, found.tokens + (elapsedMs / 1000) * refillPerSecond);
  const isFarAhead = found.atMs - nowMs > MAX_CLOCK_SKEW_MS;
  return { tokens, atMs: isFarAhead ? nowMs : Math.max(found.atMs, nowMs) };
}
