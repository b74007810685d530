/**
 * Which devices are revoked: their tokens are refused at once, their streams end.
 *
 * @module
 */
import {
  RevocationLists,
  type RevocationList,
  type RevocationListsOptions,
  type RevocationListVerdict,
} from '@canopy/identity';
import { unauthenticated, type Authenticate, type Caller } from '@canopy/service';

/** The revocation list as this process knows it. */
export class Revocations {
  readonly #lists: RevocationLists;
  readonly #listeners = new Set<() => void>();
  #newest: RevocationList | undefined;

  constructor(options: RevocationListsOptions) {
    this.#lists = new RevocationLists(options);
  }

  /** Takes a list, if it is the operator's and not older than the one that is known; then tells the listeners. */
  async accept(jwt: string): Promise<RevocationListVerdict> {
    const verdict = await this.#lists.accept(jwt);
    if (!verdict.valid) return verdict;
    this.#newest = await this.#lists.current();
    for (const listener of this.#listeners) listener();
    return verdict;
  }

  /** Tells whether a device is revoked. */
  has(device: string): boolean {
    return this.#newest?.revokesDevice(device) === true;
  }

  /** Tells whether a signature key is revoked: its device may have another one. */
  hasKey(signatureKey: Uint8Array): boolean {
    return this.#newest?.revokesKey(signatureKey) === true;
  }

  /** Calls the listener after each list that was taken. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }
}

/** Lets only those in who are not revoked, whatever token they have. */
export function unlessRevoked(
  revocations: Revocations,
  authenticate: Authenticate<Caller>,
): Authenticate<Caller> {
  return async (metadata) => {
    const caller = await authenticate(metadata);
    if (revocations.has(caller.device)) throw unauthenticated('DEVICE_REVOKED');
    return caller;
  };
}
