/**
 * The signed revocation list: made anew when something was revoked, and before the newest one is stale.
 *
 * @module
 */
import { signRevocationList, type RevocationClaims } from '@canopy/identity';
import type { Clock } from '@canopy/service';
import type { PublishedList, Registry, RevocationState, RevokedName } from '@canopy/storage';
import { decodeProtectedHeader } from 'jose';
import type { SigningKeys } from './signing-keys.ts';

/** What lists are made with. */
export interface RevocationListOptions {
  readonly registry: Pick<Registry, 'revocationState' | 'revokedNames' | 'publishRevocationList'>;
  readonly clock: Clock;
  readonly keys: SigningKeys;
  readonly domain: string;
  /** The time from one list to the end of its belief. */
  readonly lifetimeMs: number;
}

/** How many names are read at a time. */
const PAGE = 1_000;
/** With this many other replicas publishing in between something else is wrong. */
const MAX_ATTEMPTS = 16;

/** For so long the store is not asked whether another replica has revoked something: every client polls the list. */
const LOOK_EVERY_MS = 1_000;

interface Look {
  readonly list: PublishedList;
  readonly atMs: number;
}

/** Publishes revocation lists, together with the other replicas. */
export class RevocationListPublisher {
  readonly #options: RevocationListOptions;
  #last: Look | undefined;
  #revocations = 0;

  constructor(options: RevocationListOptions) {
    this.#options = options;
  }

  /** Gives a list that names everything that was revoked a second before this call, and by this replica before `forget`. */
  async newest(): Promise<PublishedList> {
    const nowMs = this.#options.clock.now();
    const last = this.#last;
    if (last !== undefined && nowMs - last.atMs < LOOK_EVERY_MS && nowMs < last.list.renewAtMs) {
      return last.list;
    }
    const revocations = this.#revocations;
    const list = await this.#look();
    // One that was looked for before a revocation is not kept after it.
    if (revocations === this.#revocations) this.#last = { list, atMs: nowMs };
    return list;
  }

  /** Makes the next call ask the store: something was revoked. */
  forget(): void {
    this.#revocations += 1;
    this.#last = undefined;
  }

  async #look(): Promise<PublishedList> {
    const { registry, clock } = this.#options;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const state = await registry.revocationState();
      const { list, version } = state;
      const isTrue = list?.version === version && clock.now() < list.renewAtMs;
      if (isTrue && (await this.#isVerifiable(list))) return list;
      const next = await this.#sign(state);
      const { outcome } = await registry.publishRevocationList(next, list?.number ?? 0);
      if (outcome === 'published') return next;
    }
    throw new Error('other replicas kept publishing revocation lists');
  }

  /** A list whose key was withdrawn is of no use to anybody. */
  async #isVerifiable({ jwt }: PublishedList): Promise<boolean> {
    const { kid } = decodeProtectedHeader(jwt);
    return kid !== undefined && (await this.#options.keys.findKey(kid)) !== undefined;
  }

  async #sign({ version, list }: RevocationState): Promise<PublishedList> {
    const { clock, keys, lifetimeMs } = this.#options;
    const nowMs = clock.now();
    const issuedAt = Math.floor(nowMs / 1000);
    // Not below the time: a store that was put back must not give a number twice.
    const number = Math.max((list?.number ?? 0) + 1, issuedAt);
    const claims = await this.#claims({ number, issuedAt: BigInt(issuedAt) }, nowMs);
    const jwt = await signRevocationList(claims, await keys.signer());
    return { number, version, jwt, renewAtMs: nowMs + Math.floor(lifetimeMs / 2) };
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
