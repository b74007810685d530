/**
 * Keeps the newest revocation list, and lets no older one take its place.
 *
 * @module
 */
import type { AttestationKeys } from '../jwks.ts';
import { verifyRevocationList, type RevocationList, type RevocationListVerdict } from './revocation-list.ts';

/** Where the current list comes from; may throw when that cannot be found out now. */
export interface RevocationSource {
  current(): Promise<RevocationList | undefined>;
}

/** What lists are accepted by. */
export interface RevocationListsOptions {
  readonly domain: string;
  readonly keys: AttestationKeys;
  /** Seconds since 1970. */
  now(): bigint;
  /** The number of the newest list that was seen before a restart; older ones are refused. 0 by default. */
  readonly leastNumber?: number;
}

interface Kept {
  readonly jwt: string;
  readonly list: RevocationList;
}

/** The newest list that was accepted. */
export class RevocationLists implements RevocationSource {
  readonly #options: RevocationListsOptions;
  #kept: Kept | undefined;

  constructor(options: RevocationListsOptions) {
    this.#options = options;
  }

  current(): Promise<RevocationList | undefined> {
    return Promise.resolve(this.#kept?.list);
  }

  /** Takes a list, if it is the operator's and not older than the one that is kept. */
  async accept(jwt: string): Promise<RevocationListVerdict> {
    const { domain, keys } = this.#options;
    const verdict = await verifyRevocationList(jwt, { domain, keys, now: this.#options.now() });
    return verdict.valid ? this.#replace({ jwt, list: verdict.list }) : verdict;
  }

  // In one turn with the comparison: lists that arrive at the same time must not overtake each other.
  #replace(offered: Kept): RevocationListVerdict {
    const least = this.#kept?.list.number ?? this.#options.leastNumber ?? 0;
    if (offered.list.number < least) return { valid: false, reason: 'REVOCATION_LIST_ROLLED_BACK' };
    if (this.#kept?.list.number === offered.list.number && this.#kept.jwt !== offered.jwt) {
      return { valid: false, reason: 'REVOCATION_LIST_NUMBER_REUSED' };
    }
    this.#kept = offered;
    return { valid: true, list: offered.list };
  }
}
