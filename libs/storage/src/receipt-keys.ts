/**
 * Port of the Delivery Service: the keys that sign receipts, the same for all replicas.
 *
 * @module
 */

/** A key that signs receipts. */
export interface ReceiptKey {
  readonly kid: string;
  /** The private key as a JWK, opaque to the store. Must not be logged. */
  readonly privateJwk: string;
  readonly createdAtMs: number;
}

/** Keys that sign receipts. Every method is one atomic step. */
export interface ReceiptKeys {
  /** Keeps the offered key if there is none yet; answers the newest, so that replicas starting together agree on one. */
  ensure(offered: ReceiptKey): Promise<ReceiptKey>;

  /** Adds a key, which signs from now on; one with the same name is left as it is. */
  add(key: ReceiptKey): Promise<void>;

  /** Lists all keys, newest first: receipts of old ones can be made again. */
  all(): Promise<readonly ReceiptKey[]>;
}
