/**
 * How a live reader learns that it is time to read again.
 *
 * @module
 */

/**
 * Is called when there may be something new to read, and carries nothing: the reader reads on from its own cursor.
 * A call may come without anything new (a store calls once when a subscription takes effect late or was interrupted), and
 * several writes may share one call; but after every write since the subscription at least one call follows.
 * It must return at once and must not throw.
 */
export type WakeUp = () => void;

/** Ends a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;
