import { parseJwks, verifyRevocationList, type RevocationList } from '@canopy/identity';
import { createLogger, manualClock, processMetrics, type ManualClock } from '@canopy/service';
import { openSqlite, type Registry, type SqliteStore } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NoList, RevocationListPublisher, type RevocationListOptions } from '../src/revocation-list.ts';
import { SigningKeys } from '../src/signing-keys.ts';
import { DOMAIN, NOW } from './bench.ts';

const DAY = 86_400_000;
const user = 'mimi://example.com/u/many';
const audit = new TextEncoder().encode('{}');

let store: SqliteStore;
let clock: ManualClock;
let logLines: string[];

beforeEach(() => {
  clock = manualClock(NOW);
  logLines = [];
  store = openSqlite(':memory:');
});

afterEach(() => store.close());

async function revokeOne(device: string): Promise<void> {
  const { registry } = store;
  const bytes = new TextEncoder().encode(device);
  await registry.putEvidence({ evidenceHash: bytes, user, expiresAtMs: NOW, nowMs: NOW, audit });
  await registry.putChallenge({ challenge: bytes, purpose: 'p', expiresAtMs: NOW, nowMs: NOW });
  const key = { cipherSuite: 1, signaturePublicKey: bytes };
  const shown = { challenge: bytes, challengePurpose: 'p', evidenceHash: bytes };
  await registry.completeEnrolment({ ...shown, ...key, device, nowMs: NOW, keepUntilMs: NOW, audit });
  await registry.revokeDevice({ device, user, nowMs: NOW, keepUntilMs: NOW + DAY, audit });
}

interface Replica {
  readonly publisher: RevocationListPublisher;
  readonly keys: SigningKeys;
  /** Takes a list as another service does. */
  readonly read: (jwt: string) => Promise<RevocationList>;
  /** How often the store was asked. */
  readonly looks: () => number;
}

function newReplica(ofReplica = clock, names?: Registry['revokedNames']): Replica {
  const { registry } = store;
  const schedule = { lifetimeMs: DAY, longestMs: DAY };
  const keys = new SigningKeys({ registry, clock: ofReplica, schedule, storeKey: undefined });
  let looks = 0;
  const counting: RevocationListOptions['registry'] = {
    revocationState() {
      looks += 1;
      return registry.revocationState();
    },
    revokedNames: names ?? ((query) => registry.revokedNames(query)),
    publishRevocationList: (list, after) => registry.publishRevocationList(list, after),
  };
  const destination = { write: (line: string) => void logLines.push(line) };
  const log = createLogger({ service: 'test', level: 'warn', destination });
  const options = { registry: counting, clock: ofReplica, keys, domain: DOMAIN, lifetimeMs: DAY, log };
  const read = async (jwt: string): Promise<RevocationList> => {
    const now = BigInt(Math.floor(clock.now() / 1000));
    const check = { domain: DOMAIN, keys: await parseJwks(await keys.jwksJson()), now };
    const verdict = await verifyRevocationList(jwt, check);
    if (!verdict.valid) throw new Error(verdict.reason);
    return verdict.list;
  };
  return { publisher: new RevocationListPublisher(options), keys, read, looks: () => looks };
}

/** So many keys in place of what is revoked. */
function manyNames(count: number): Registry['revokedNames'] {
  const names = Array.from({ length: count }, (_, i) => ({
    kind: 'key' as const,
    name: String(i).padStart(43, '0'),
    keepUntilMs: NOW + 400 * DAY,
  }));
  return ({ after, limit }) => {
    const start = after === undefined ? 0 : Number(after.name) + 1;
    return Promise.resolve(names.slice(start, start + limit));
  };
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
    expect(first.number).toBe(NOW);
    store.close();
    store = openSqlite(':memory:');
    clock.advance(1_000);
    const { publisher } = newReplica();
    const second = await publisher.newest();
    expect(second.number).toBeGreaterThan(first.number);
    expect(second.number).toBe(clock.now());
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

  it('signs another list in the place of one by a clock that was ahead', async () => {
    const ahead = newReplica(manualClock(NOW + 3 * 3_600_000));
    const wrong = await ahead.publisher.newest();
    const { publisher, read } = newReplica();
    await expect(read(wrong.jwt)).rejects.toThrow('REVOCATION_LIST_NOT_YET_VALID');
    const right = await publisher.newest();
    expect(right.number).toBeGreaterThan(wrong.number);
    expect((await read(right.jwt)).issuedAt).toBe(BigInt(NOW) / 1000n);
    clock.advance(1_000);
    expect(await publisher.newest()).toEqual(right);
  });

  it('hears of what another replica revoked although its clock was set back', async () => {
    const { publisher, read } = newReplica();
    await publisher.newest();
    await revokeOne('mimi://example.com/d/many/device00');
    clock.advance(-60_000);
    const list = await read((await publisher.newest()).jwt);
    expect(list.revokesDevice('mimi://example.com/d/many/device00')).toBe(true);
  });
});

describe('a revocation list with much on it', () => {
  it('holds 60,000 keys, and warns before it is full', async () => {
    const { publisher, read } = newReplica(clock, manyNames(60_000));
    const list = await read((await publisher.newest()).jwt);
    expect(list.devices.size).toBe(0);
    expect(logLines.map((line) => JSON.parse(line).event)).toEqual(['revocation-list-nearly-full']);
    const text = await processMetrics.text();
    const filled = Number(/^canopy_revocation_list_filled (\S+)$/m.exec(text)?.[1]);
    expect(filled).toBeGreaterThan(0.8);
    expect(filled).toBeLessThan(1);
  });

  it('stays the newest good one when there is too much for a list, which is told loudly', async () => {
    const good = await newReplica().publisher.newest();
    await revokeOne('mimi://example.com/d/many/device00');
    clock.advance(1_000);
    const full = newReplica(clock, manyNames(80_000));
    await full.publisher.refresh();
    expect(await full.publisher.newest()).toEqual(good);
    expect(logLines.map((line) => JSON.parse(line).event)).toEqual(['revocation-list-not-signed']);
    expect(await processMetrics.text()).toMatch(/^canopy_revocation_list_failures_total [1-9]/m);
    // It is not tried again for every caller.
    const before = full.looks();
    full.publisher.forget();
    for (let i = 0; i < 100; i++) await full.publisher.newest();
    expect(full.looks()).toBe(before);
    // When names have left, the next list has everything again.
    clock.advance(10_000);
    const { publisher, read } = newReplica();
    const next = await publisher.newest();
    expect((await read(next.jwt)).revokesDevice('mimi://example.com/d/many/device00')).toBe(true);
    expect(await full.publisher.newest()).toEqual(next);
  });

  it('does not keep a service from starting that never had one', async () => {
    const { publisher } = newReplica(clock, manyNames(80_000));
    await publisher.refresh();
    await expect(publisher.newest()).rejects.toThrow(NoList);
    expect(logLines.length).toBeGreaterThan(0);
  });
});
