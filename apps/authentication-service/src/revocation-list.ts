/**
 * The signed revocation list: made anew when something was revoked, and before the newest one is stale.
 *
 * @module
 */
import {
  IdentityError,
  MAX_REVOCATION_LIST_LENGTH,
  signRevocationList,
  type RevocationClaims,
} from '@canopy/identity';
import type { Clock, Logger } from '@canopy/service';
import type { PublishedList, Registry, RevocationState, RevokedName } from '@canopy/storage';
import { decodeProtectedHeader } from 'jose';
import { noteListNotSigned, noteListSigned } from './metrics.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What lists are made with. */
export interface RevocationListOptions {
  readonly registry: Pick<Registry, 'revocationState' | 'revokedNames' | 'publishRevocationList'>;
  readonly clock: Clock;
  readonly keys: SigningKeys;
  readonly domain: string;
  /** The time from one list to the end of its belief. */
  readonly lifetimeMs: number;
  readonly log: Logger;
}

/** How many names are read at a time. */
const PAGE = 1_000;
/** With this many other replicas publishing in between something else is wrong. */
const MAX_ATTEMPTS = 16;

/** For so long the store is not asked whether another replica has revoked something: every client polls the list. */
const LOOK_EVERY_MS = 1_000;
/** For so long no other list is tried after one that could not be signed: it takes reading every name. */
const RETRY_EVERY_MS = 10_000;
/** The clocks of replicas may differ by this; consumers take lists from a little further ahead. */
const CLOCK_SKEW_MS = 60_000;
/** A list that is longer than this part of the longest one is worth a warning. */
const WARNING_PART = 0.8;

/** A list, and for how long the store is not asked for another one. */
interface Look {
  readonly list: PublishedList;
  readonly atMs: number;
  readonly keptMs: number;
}

/** The list that was asked for, or the newest good one where that could not be signed. */
type Found = Pick<Look, 'list' | 'keptMs'>;

/** There is no list yet, and too much is revoked for one. */
export class NoList extends Error {
  override readonly name = 'NoList';
}

/** Publishes revocation lists, together with the other replicas. */
export class RevocationListPublisher {
  readonly #options: RevocationListOptions;
  #last: Look | undefined;
  #revocations = 0;

  constructor(options: RevocationListOptions) {
    this.#options = options;
  }

  /**
   * Gives a list that names everything that was revoked a second before this call, and by this replica before `forget`. While
   * there is too much for a list, it is the newest one that could be signed, which nobody believes when its time is over.
   *
   * @throws {NoList} when none could ever be signed
   */
  async newest(): Promise<PublishedList> {
    const nowMs = this.#options.clock.now();
    const last = this.#last;
    if (last !== undefined && isFresh(last, nowMs)) return last.list;
    const revocations = this.#revocations;
    const found = await this.#look();
    // One that was looked for before a revocation is not kept after it.
    if (revocations === this.#revocations || found.keptMs > LOOK_EVERY_MS) {
      this.#last = { ...found, atMs: nowMs };
    }
    return found.list;
  }

  /** Signs the next list when it is due. One that cannot be signed has been told of, and keeps nothing else from being done. */
  async refresh(): Promise<void> {
    try {
      await this.newest();
    } catch (error) {
      if (!(error instanceof NoList)) throw error;
    }
  }

  /** Makes the next call ask the store: something was revoked. */
  forget(): void {
    this.#revocations += 1;
    if (this.#last !== undefined && this.#last.keptMs <= LOOK_EVERY_MS) this.#last = undefined;
  }

  async #look(): Promise<Found> {
    const { registry } = this.#options;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const state = await registry.revocationState();
      const { list } = state;
      if (list !== undefined && (await this.#isTrue(list, state.version))) return trueList(list);
      const next = await this.#trySigning(state);
      if (next === undefined) return this.#newestGood(list);
      const { outcome } = await registry.publishRevocationList(next, list?.number ?? 0);
      if (outcome === 'published') return trueList(next);
    }
    throw new Error('other replicas kept publishing revocation lists');
  }

  /** Whether a list still says everything, and consumers take it. */
  async #isTrue(list: PublishedList, version: bigint): Promise<boolean> {
    const restMs = list.renewAtMs - this.#options.clock.now();
    // One that has longer to go was signed by a clock that was ahead: consumers refuse it until that time has come.
    const isNow = restMs > 0 && restMs <= this.#renewAfterMs + CLOCK_SKEW_MS;
    return list.version === version && isNow && this.#isVerifiable(list);
  }

  get #renewAfterMs(): number {
    return Math.floor(this.#options.lifetimeMs / 2);
  }

  /** Too many names must not take away what there is: neither the service nor the list. */
  #newestGood(list: PublishedList | undefined): Found {
    if (list !== undefined) return { list, keptMs: RETRY_EVERY_MS };
    throw new NoList('there is no revocation list, and none can be signed');
  }

  /** Signs the next list; undefined when it would be too long, which is said as loudly as can be. */
  async #trySigning(state: RevocationState): Promise<PublishedList | undefined> {
    const { log } = this.#options;
    try {
      const next = await this.#sign(state);
      noteListSigned(next.jwt.length / MAX_REVOCATION_LIST_LENGTH);
      if (next.jwt.length > WARNING_PART * MAX_REVOCATION_LIST_LENGTH) {
        log.warn({ event: 'revocation-list-nearly-full', length: next.jwt.length });
      }
      return next;
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      noteListNotSigned();
      log.error({ event: 'revocation-list-not-signed', err: error });
      return undefined;
    }
  }

  /** A list whose key was withdrawn is of no use to anybody. */
  async #isVerifiable({ jwt }: PublishedList): Promise<boolean> {
    const { kid } = decodeProtectedHeader(jwt);
    return kid !== undefined && (await this.#options.keys.findKey(kid)) !== undefined;
  }

  async #sign({ version, list }: RevocationState): Promise<PublishedList> {
    const { clock, keys } = this.#options;
    const nowMs = clock.now();
    const issuedAt = Math.floor(nowMs / 1000);
    // Not below the time: a store that was put back must not give a number twice.
    // In milliseconds, so that a burst of lists does not run ahead of the time either.
    const number = Math.max((list?.number ?? 0) + 1, Math.floor(nowMs));
    const claims = await this.#claims({ number, issuedAt: BigInt(issuedAt) }, nowMs);
    const jwt = await signRevocationList(claims, await keys.signer());
    return { number, version, jwt, renewAtMs: nowMs + this.#renewAfterMs };
  }

  async #claims(
    head: Pick<RevocationClaims, 'number' | 'issuedAt'>,
    nowMs: number,
  ): Promise<RevocationClaims> {
    const { domain, lifetimeMs } = this.#options;
    const names = await this.#revokedNames(nowMs);
    const of = (kind: RevokedName['kind']): readonly string[] =>
      names.filter((each) => each.kind === kind).map(({ name }) => name);
    const nextUpdate = head.issuedAt + BigInt(Math.ceil(lifetimeMs / 1000));
    return { ...head, domain, nextUpdate, certificates: [], devices: of('device'), keys: of('key') };
  }

  async #revokedNames(nowMs: number): Promise<readonly RevokedName[]> {
    const names: RevokedName[] = [];
    let after: RevokedName | undefined;
    do {
      const page = await this.#options.registry.revokedNames({ nowMs, limit: PAGE, ...(after && { after }) });
      names.push(...page);
      after = page.length < PAGE ? undefined : page.at(-1);
    } while (after !== undefined);
    return names;
  }
}

function trueList(list: PublishedList): Found {
  return { list, keptMs: LOOK_EVERY_MS };
}

/** A clock that was set back makes what was read later than now: that is not fresh either. */
function isFresh({ list, atMs, keptMs }: Look, nowMs: number): boolean {
  const isRecent = Math.abs(nowMs - atMs) < keptMs;
  return isRecent && (keptMs > LOOK_EVERY_MS || nowMs < list.renewAtMs);
}
