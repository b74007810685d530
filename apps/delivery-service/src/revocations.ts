/**
 * Which devices and keys are revoked: their tokens are refused at once, their streams end.
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

  /** Says why a caller is not to be served any more: its device is revoked, or the key that its token was made for. */
  reasonAgainst({ device, key }: Caller): 'DEVICE_REVOKED' | 'KEY_REVOKED' | undefined {
    if (this.#newest?.revokesDevice(device) === true) return 'DEVICE_REVOKED';
    return key !== undefined && this.#newest?.revokesKeyNamed(key) === true ? 'KEY_REVOKED' : undefined;
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

/** Lets only those in who are not revoked, nor the key that their token was made for, whatever token they have. */
export function unlessRevoked(
  revocations: Revocations,
  authenticate: Authenticate<Caller>,
): Authenticate<Caller> {
  return async (metadata) => {
    const caller = await authenticate(metadata);
    const reason = revocations.reasonAgainst(caller);
    if (reason !== undefined) throw unauthenticated(reason);
    return caller;
  };
}
