import { parseJwks, verifyRevocationList } from '@canopy/identity';
import { manualClock, type ManualClock } from '@canopy/service';
import { openSqlite, type SqliteStore } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RevocationListPublisher, type RevocationListOptions } from '../src/revocation-list.ts';
import { SigningKeys } from '../src/signing-keys.ts';
import { DOMAIN, NOW } from './bench.ts';

const DAY = 86_400_000;
const user = 'mimi://example.com/u/many';
const audit = new TextEncoder().encode('{}');

let store: SqliteStore;
let clock: ManualClock;

beforeEach(() => {
  clock = manualClock(NOW);
  store = openSqlite(':memory:');
});

afterEach(() => store.close());

async function revokeOne(device: string): Promise<void> {
  const { registry } = store;
  const bytes = new TextEncoder().encode(device);
  await registry.putEvidence({ evidenceHash: bytes, user, expiresAtMs: NOW, audit });
  await registry.putChallenge({ challenge: bytes, purpose: 'p', expiresAtMs: NOW, nowMs: NOW });
  const key = { cipherSuite: 1, signaturePublicKey: bytes };
  const shown = { challenge: bytes, challengePurpose: 'p', evidenceHash: bytes };
  await registry.completeEnrolment({ ...shown, ...key, device, nowMs: NOW, audit });
  await registry.revokeDevice({ device, user, nowMs: NOW, keepUntilMs: NOW + DAY, audit });
}

interface Replica {
  readonly publisher: RevocationListPublisher;
  readonly keys: SigningKeys;
  /** How often the store was asked. */
  readonly looks: () => number;
}

function newReplica(): Replica {
  const { registry } = store;
  const schedule = { lifetimeMs: DAY, longestMs: DAY };
  const keys = new SigningKeys({ registry, clock, schedule, storeKey: undefined });
  let looks = 0;
  const counting: RevocationListOptions['registry'] = {
    revocationState() {
      looks += 1;
      return registry.revocationState();
    },
    revokedNames: (query) => registry.revokedNames(query),
    publishRevocationList: (list, after) => registry.publishRevocationList(list, after),
  };
  const options = { registry: counting, clock, keys, domain: DOMAIN, lifetimeMs: DAY };
  return { publisher: new RevocationListPublisher(options), keys, looks: () => looks };
}

describe('publishing revocation lists', () => {
  it('names thousands of devices, page by page', async () => {
    const devices = Array.from({ length: 2_500 }, (_, i) => `mimi://example.com/d/many/device${i}00`);
    for (const device of devices) await revokeOne(device);
    const { publisher, keys } = newReplica();
    const { jwt } = await publisher.newest();
    const check = { domain: DOMAIN, keys: await parseJwks(await keys.jwksJson()), now: BigInt(NOW) / 1000n };
    const verdict = await verifyRevocationList(jwt, check);
    if (!verdict.valid) throw new Error(verdict.reason);
    expect(devices.filter((device) => !verdict.list.revokesDevice(device))).toEqual([]);
  });

  it('gives numbers that are never below the time, so that a store that was put back goes on above them', async () => {
    const first = await newReplica().publisher.newest();
    expect(first.number).toBe(NOW / 1000);
    store.close();
    store = openSqlite(':memory:');
    clock.advance(1_000);
    const { publisher } = newReplica();
    const second = await publisher.newest();
    expect(second.number).toBeGreaterThan(first.number);
    await revokeOne('mimi://example.com/d/many/device01');
    publisher.forget();
    expect((await publisher.newest()).number).toBeGreaterThan(second.number);
  });

  it('agrees on one list when many replicas sign at the same time', async () => {
    const publishers = Array.from({ length: 6 }, () => newReplica().publisher);
    for (let turn = 0; turn < 5; turn++) {
      await revokeOne(`mimi://example.com/d/many/device${turn}0`);
      clock.advance(1_000);
      const lists = await Promise.all(publishers.map((publisher) => publisher.newest()));
      expect(new Set(lists.map(({ jwt }) => jwt)).size).toBe(1);
    }
  });

  it('hears after a second at most what another replica revoked, however many ask', async () => {
    const { publisher, looks } = newReplica();
    const first = await publisher.newest();
    const before = looks();
    await revokeOne('mimi://example.com/d/many/device00');
    clock.advance(999);
    for (let i = 0; i < 1_000; i++) expect(await publisher.newest()).toBe(first);
    expect(looks()).toBe(before);
    clock.advance(1);
    expect((await publisher.newest()).number).toBeGreaterThan(first.number);
  });

  it('keeps no list that was looked for before it revoked something itself', async () => {
    const { publisher } = newReplica();
    const early = publisher.newest();
    await revokeOne('mimi://example.com/d/many/device00');
    publisher.forget();
    const [first, second] = [await early, await publisher.newest()];
    expect(second.version).toBeGreaterThanOrEqual(first.version);
    expect(second.version).toBe((await store.registry.revocationState()).version);
  });
});
