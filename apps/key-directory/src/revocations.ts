/**
 * The revocation list as the key directory obeys it: who is on it is served no longer, and has no stock any more.
 *
 * @module
 */
import { RevocationLists, type RevocationList, type RevocationListVerdict } from '@canopy/identity';
import { unauthenticated, unavailable, type Authenticate, type Caller, type Clock } from '@canopy/service';
import type { SingleUseStock } from '@canopy/storage';

/** What lists are accepted by, and where the stock is that they empty. */
export interface RevocationsOptions {
  readonly domain: string;
  readonly keys: ConstructorParameters<typeof RevocationLists>[0]['keys'];
  readonly clock: Clock;
  readonly singleUseStock: Pick<SingleUseStock, 'withdraw'>;
}

/** As many withdrawals at a time: a long list must not keep the store from its other work. */
const WITHDRAWALS_AT_A_TIME = 16;

/** The newest list. */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #lists: RevocationLists;
  readonly #withdrawn = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #newest: RevocationList | undefined;

  constructor(options: RevocationsOptions) {
    this.#options = options;
    const { domain, keys } = options;
    this.#lists = new RevocationLists({ domain, keys, now: () => this.#nowSeconds() });
  }

  /** The lists, for judges of identities. */
  get source(): RevocationLists {
    return this.#lists;
  }

  /**
   * Takes a list, if it is the operator's and not older than the one that is known, and withdraws the stock of those who
   * are new on it. Taking the same list again goes on where a failure of the store has ended it.
   */
  async accept(jwt: string): Promise<RevocationListVerdict> {
    const verdict = await this.#lists.accept(jwt);
    if (!verdict.valid) return verdict;
    // From here on nobody on the list is served by this process, whatever becomes of the withdrawals.
    this.#newest = await this.#lists.current();
    for (const listener of this.#listeners) listener();
    await this.#withdrawAll([...verdict.list.devices].filter((device) => !this.#withdrawn.has(device)));
    return verdict;
  }

  /** Tells whether a device is revoked. */
  has(device: string): boolean {
    return this.#newest?.revokesDevice(device) === true;
  }

  /** Requires that a caller is not revoked, and that its token was not made for a key that is. @throws {ServiceError} UNAUTHENTICATED */
  requireBelieved({ device, key }: Caller): void {
    if (this.has(device)) throw revoked();
    if (key !== undefined && this.#newest?.revokesKeyNamed(key) === true)
      throw unauthenticated('KEY_REVOKED');
  }

  /** Requires that it is known who is revoked. @throws {ServiceError} UNAVAILABLE */
  requireCurrent(): void {
    if (this.#newest === undefined) throw unavailable(new Error('no revocation list yet'), RETRY_AFTER_MS);
    if (this.#nowSeconds() >= this.#newest.nextUpdate) {
      throw unavailable(new Error('the revocation list is overdue'), RETRY_AFTER_MS);
    }
  }

  /** Calls the listener after each list that was taken, until it is told to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #withdrawAll(devices: readonly string[]): Promise<void> {
    const { singleUseStock, clock } = this.#options;
    for (let from = 0; from < devices.length; from += WITHDRAWALS_AT_A_TIME) {
      const some = devices.slice(from, from + WITHDRAWALS_AT_A_TIME);
      const nowMs = clock.now();
      await Promise.all(some.map((device) => singleUseStock.withdraw({ device, which: 'revoked', nowMs })));
      for (const device of some) this.#withdrawn.add(device);
    }
  }

  #nowSeconds(): bigint {
    return BigInt(Math.floor(this.#options.clock.now() / 1000));
  }
}

const RETRY_AFTER_MS = 5_000;

/** Lets nobody in while it is not known who is revoked, and then only those who are not, nor the key that their token was made for, whatever token they have. */
export function unlessRevoked(
  revocations: Revocations,
  authenticate: Authenticate<Caller>,
): Authenticate<Caller> {
  return async (metadata) => {
    const caller = await authenticate(metadata);
    revocations.requireCurrent();
    revocations.requireBelieved(caller);
    return caller;
  };
}

/** Refuses a device that is revoked. Reaction: a new token, which it does not get. */
export function revoked(): Error {
  return unauthenticated('DEVICE_REVOKED');
}
