/**
 * Follows the revocation list of the domain: an older list can never take the place of a newer one, not even after a restart.
 *
 * @module
 */
import { callUnary } from '@canopy/contract';
import {
  RevocationLists,
  type AttestationKeys,
  type RevocationList,
  type RevocationOptions,
} from '@canopy/identity';
import type { Stubs } from './connections.ts';
import type { Log } from './ports.ts';
import { pause } from './service-calls.ts';
import type { RevocationStore } from './store/revocation-store.ts';

/** What the lists come from. */
export interface RevocationsParts {
  readonly stub: Stubs['authentication'];
  readonly store: RevocationStore;
  readonly keys: AttestationKeys;
  readonly domain: string;
  /** Seconds since 1970. */
  readonly now: () => bigint;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** An Authentication Service that is away must not end all conversations: the last list counts for as long as that is so. */
const PATIENCE_SECONDS = 10n * 365n * 24n * 3_600n;

const NOBODY: RevocationList = {
  number: 0,
  issuedAt: 0n,
  nextUpdate: 2n ** 63n,
  devices: new Set(),
  revokesCertificate: () => false,
  revokesDevice: () => false,
  revokesKey: () => false,
  revokesKeyNamed: () => false,
};

/** The newest revocation list that this device has seen. */
export class Revocations {
  readonly #parts: RevocationsParts;
  readonly #lists: RevocationLists;
  #restored: Promise<unknown> | undefined;

  constructor(parts: RevocationsParts) {
    this.#parts = parts;
    const { domain, keys, now, store } = parts;
    this.#lists = new RevocationLists({ domain, keys, now, leastNumber: store.newest()?.number ?? 0 });
  }

  /** What credentials are judged by. */
  get options(): RevocationOptions {
    return { source: { current: () => this.current() }, stale: { acceptForSeconds: PATIENCE_SECONDS } };
  }

  /** The newest list; one with nobody on it while there is none. */
  async current(): Promise<RevocationList> {
    this.#restored ??= this.#restore();
    await this.#restored;
    return (await this.#lists.current()) ?? NOBODY;
  }

  /** Looks for a newer list once; says whether there was one. @throws {CallError} */
  async refresh(): Promise<boolean> {
    const { stub, store, signal, log } = this.#parts;
    const { number } = await this.current();
    const request = { knownNumber: BigInt(number) };
    const { result } = await callUnary(stub, 'getRevocationList', request, { signal });
    if (result?.$case !== 'list') return false;
    const { jwt } = result.value;
    const verdict = await this.#lists.accept(jwt);
    if (verdict.valid) store.save({ number: verdict.list.number, jwt });
    else log({ event: 'revocation-list-refused', code: verdict.reason });
    return verdict.valid;
  }

  /** Looks for newer lists again and again, until the client is closed. */
  async follow(intervalMs: number, onNew: () => void): Promise<void> {
    const { signal, log } = this.#parts;
    while (!signal.aborted) {
      try {
        if (await this.refresh()) onNew();
      } catch (cause) {
        if (!signal.aborted) log({ event: 'revocation-list-not-fetched', cause });
      }
      await pause(intervalMs, signal).catch(() => {});
    }
  }

  async #restore(): Promise<void> {
    const newest = this.#parts.store.newest();
    if (newest !== undefined) await this.#lists.accept(newest.jwt);
  }
}
