/**
 * What a stream follows: something that is read page by page, when the transport is ready for the next one.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';

/** What a topic has to say now. */
export interface Step {
  readonly responses: readonly delivery.SubscribeResponse[];
  /** Whether there is more to say without waiting for a wake-up. */
  readonly more: boolean;
}

/** One thing that is followed. */
export interface Topic {
  /** Reads at most one page. Never called again before it has answered. */
  step(): Promise<Step>;
  /** Stops listening for wake-ups. */
  close(): void;
}
