/**
 * Remembers tokens whose signature was verified: a device shows the same one with every call of ten minutes.
 *
 * @module
 */
import { hash } from 'node:crypto';

/** What was found out about a token by verifying it with a key. */
export interface Verified<Key, Who> {
  readonly kid: string;
  readonly key: Key;
  readonly who: Who;
}

/** Tokens that were verified, the newest so many of them. It holds no token: only hashes, so that finding one tells nothing either. */
export class VerifiedTokens<Key, Who> {
  readonly #capacity: number;
  readonly #byHash = new Map<string, Verified<Key, Who>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Finds what is known of a token. Whether its time has not run out and its key still counts is for the caller to say. */
  find(token: string): Verified<Key, Who> | undefined {
    return this.#byHash.get(hash('sha256', token, 'base64'));
  }

  /** Remembers a token; the oldest one goes when there are too many. */
  keep(token: string, verified: Verified<Key, Who>): void {
    const name = hash('sha256', token, 'base64');
    this.#byHash.delete(name);
    this.#byHash.set(name, verified);
    if (this.#byHash.size > this.#capacity) {
      this.#byHash.delete(this.#byHash.keys().next().value ?? name);
    }
  }
}
