import { parseJwks, verifyRevocationList } from '@canopy/identity';
import { manualClock } from '@canopy/service';
import { openSqlite, type SqliteStore } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RevocationListPublisher } from '../src/revocation-list.ts';
import { SigningKeys } from '../src/signing-keys.ts';
import { DOMAIN, NOW } from './bench.ts';

const DAY = 86_400_000;
const user = 'mimi://example.com/u/many';
const audit = new TextEncoder().encode('{}');

let store: SqliteStore;

beforeEach(() => {
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

function newPublisher(nowMs = NOW): {
  readonly publisher: RevocationListPublisher;
  readonly keys: SigningKeys;
} {
  const { registry } = store;
  const clock = manualClock(nowMs);
  const schedule = { lifetimeMs: DAY, longestMs: DAY };
  const keys = new SigningKeys({ registry, clock, schedule, storeKey: undefined });
  const options = { registry, clock, keys, domain: DOMAIN, lifetimeMs: DAY };
  return { publisher: new RevocationListPublisher(options), keys };
}

describe('publishing revocation lists', () => {
  it('names thousands of devices, page by page', async () => {
    const devices = Array.from({ length: 2_500 }, (_, i) => `mimi://example.com/d/many/device${i}00`);
    for (const device of devices) await revokeOne(device);
    const { publisher, keys } = newPublisher();
    const { jwt } = await publisher.newest();
    const check = { domain: DOMAIN, keys: await parseJwks(await keys.jwksJson()), now: BigInt(NOW) / 1000n };
    const verdict = await verifyRevocationList(jwt, check);
    if (!verdict.valid) throw new Error(verdict.reason);
    expect(devices.filter((device) => !verdict.list.revokesDevice(device))).toEqual([]);
  });

  it('gives numbers that are never below the time, so that a store that was put back goes on above them', async () => {
    const first = await newPublisher().publisher.newest();
    expect(first.number).toBe(NOW / 1000);
    store.close();
    store = openSqlite(':memory:');
    const { publisher } = newPublisher(NOW + 1_000);
    const second = await publisher.newest();
    expect(second.number).toBeGreaterThan(first.number);
    await revokeOne('mimi://example.com/d/many/device01');
    expect((await publisher.newest()).number).toBeGreaterThan(second.number);
  });

  it('agrees on one list when many replicas sign at the same time', async () => {
    const publishers = Array.from({ length: 6 }, () => newPublisher().publisher);
    for (let turn = 0; turn < 5; turn++) {
      await revokeOne(`mimi://example.com/d/many/device${turn}0`);
      const lists = await Promise.all(publishers.map((publisher) => publisher.newest()));
      expect(new Set(lists.map(({ jwt }) => jwt)).size).toBe(1);
    }
  });
});
