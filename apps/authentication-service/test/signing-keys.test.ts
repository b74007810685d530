import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { callUnary } from '@canopy/contract';
import { parseJwks, verifyAttestation } from '@canopy/identity';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import {
  auditEvents,
  bearerOf,
  DOMAIN,
  enrol,
  failureOf,
  firstPage,
  newFolder,
  startBench,
  tokenOf,
  type Bench,
} from './bench.ts';

const DAY = 86_400_000;

let folder: string;
let benches: Bench[];

beforeEach(() => {
  folder = newFolder();
  benches = [];
});

afterEach(async () => {
  for (const bench of benches) {
    await bench.close();
    expect(bench.incidents).toEqual([]);
  }
  rmSync(folder, { recursive: true });
});

async function start(environment: NodeJS.ProcessEnv = {}, nowMs?: number): Promise<Bench> {
  const bench = await startBench({ folder, environment, ...(nowMs === undefined ? {} : { nowMs }) });
  benches.push(bench);
  return bench;
}

async function kidsOf({ client }: Bench): Promise<readonly string[]> {
  const { jwksJson } = await callUnary(client, 'getJwks', {});
  const { keys }: { readonly keys: readonly { readonly kid: string }[] } = JSON.parse(jwksJson);
  return keys.map(({ kid }) => kid);
}

async function listOf({ client }: Bench): Promise<string> {
  const { result } = await callUnary(client, 'getRevocationList', { knownNumber: 0n });
  return result?.$case === 'list' ? result.value.jwt : '';
}

const kidOf = (jwt: string): string => decodeProtectedHeader(jwt).kid ?? '';

const stored = async ({ store }: Bench): Promise<readonly (string | undefined)[]> =>
  (await store.registry.signingKeys()).map(({ privateKey }) => privateKey);

function withdraw(...args: readonly string[]): readonly [status: number | null, out: string] {
  const script = join(import.meta.dirname, '../src/withdraw-signing-key.ts');
  const env = { ...process.env, CANOPY_DOMAIN: DOMAIN, CANOPY_DATA: folder };
  const done = spawnSync(process.execPath, [script, ...args], { env, encoding: 'utf8' });
  return [done.status, `${done.stdout}${done.stderr}`];
}

describe('signing keys', () => {
  it('follow each other with no restart: the next is published first, then signs, and old tokens work on', async () => {
    const bench = await start();
    const alice = await enrol(bench);
    const [first = ''] = await kidsOf(bench);
    bench.clock.advance(89 * DAY);
    const [second = '', ...others] = await kidsOf(bench);
    expect(others).toEqual([first]);
    bench.clock.advance(DAY - 60_000);
    const early = await tokenOf(bench, alice);
    expect(kidOf(early)).toBe(first);
    bench.clock.advance(60_000);
    const late = await tokenOf(bench, alice);
    expect(kidOf(late)).toBe(second);
    for (const token of [early, late]) {
      const metadata = bearerOf(token);
      const call = callUnary(bench.client, 'listDevices', firstPage(alice.enrolled.user), { metadata });
      await expect(call).resolves.toBeDefined();
    }
  });

  it('verify an attestation until it ends, and leave the key set afterwards', async () => {
    const bench = await start();
    const { enrolled } = await enrol(bench);
    const [first = ''] = await kidsOf(bench);
    const check = async () => {
      const { domain, jwksJson } = await callUnary(bench.client, 'getJwks', {});
      const keys = await parseJwks(jwksJson);
      return verifyAttestation(enrolled.attestation, { domain, keys, nowMs: bench.clock.now() });
    };
    for (let day = 0; day < 364; day += 28) {
      expect(await check()).toMatchObject({ valid: true });
      bench.clock.advance(28 * DAY);
    }
    expect(await kidsOf(bench)).toContain(first);
    for (let day = 0; day < 112; day += 28) {
      await kidsOf(bench);
      bench.clock.advance(28 * DAY);
    }
    expect(await kidsOf(bench)).not.toContain(first);
  });

  it('verify an attestation until it ends also when the lifetime of attestations was raised', async () => {
    const before = await start({ CANOPY_ATTESTATION_LIFETIME: '1d', CANOPY_SIGNING_KEY_LIFETIME: '1d' });
    const environment = { CANOPY_ATTESTATION_LIFETIME: '30d', CANOPY_SIGNING_KEY_LIFETIME: '1d' };
    const after = await start(environment, before.clock.now());
    const { enrolled } = await enrol(after);
    for (let day = 0; day < 29; day++) {
      after.clock.advance(DAY);
      await after.refresh();
    }
    const { domain, jwksJson } = await callUnary(after.client, 'getJwks', {});
    const check = { domain, keys: await parseJwks(jwksJson), nowMs: after.clock.now() };
    expect(await verifyAttestation(enrolled.attestation, check)).toMatchObject({ valid: true });
  });

  it('survive a start with a clock that is years ahead', async () => {
    const right = await start();
    const { enrolled } = await enrol(right);
    const wrong = await start({}, right.clock.now() + 3_000 * DAY);
    await wrong.refresh();
    const replaced = await start({}, right.clock.now());
    const { domain, jwksJson } = await callUnary(replaced.client, 'getJwks', {});
    const check = { domain, keys: await parseJwks(jwksJson), nowMs: replaced.clock.now() };
    expect(await verifyAttestation(enrolled.attestation, check)).toMatchObject({ valid: true });
    const later = await enrol(replaced, { userName: 'bob' });
    expect(await verifyAttestation(later.enrolled.attestation, check)).toMatchObject({ valid: true });
  });

  it('lose their private part in the store when they sign no more', async () => {
    const bench = await start();
    const privateParts = async () => (await bench.store.registry.signingKeys()).map((key) => key.privateKey);
    bench.clock.advance(89 * DAY);
    await bench.refresh();
    expect(await privateParts()).toEqual([expect.any(String), expect.any(String)]);
    bench.clock.advance(2 * DAY);
    await bench.refresh();
    expect(await privateParts()).toEqual([expect.any(String), undefined]);
  });

  it('are the same in a second replica, also when both rotate at the same time', async () => {
    const [one, two] = [await start(), await start()];
    for (let turn = 0; turn < 4; turn++) {
      expect(await kidsOf(one)).toEqual(await kidsOf(two));
      const devices = await Promise.all([enrol(one), enrol(two)]);
      for (const { enrolled } of devices) {
        const { domain, jwksJson } = await callUnary(two.client, 'getJwks', {});
        const check = { domain, keys: await parseJwks(jwksJson), nowMs: one.clock.now() };
        expect(await verifyAttestation(enrolled.attestation, check)).toMatchObject({ valid: true });
      }
      for (const { clock } of [one, two]) clock.advance(45 * DAY);
      await Promise.all([one.refresh(), two.refresh()]);
    }
  });

  it('of another replica are found when a token names them', async () => {
    const [one, two] = [await start(), await start()];
    const alice = await enrol(two);
    one.clock.advance(90 * DAY);
    await one.refresh();
    // The clock of the second replica is late, and it has not read the keys since.
    two.clock.advance(5_000);
    const metadata = bearerOf(await tokenOf(one, alice));
    const call = callUnary(two.client, 'listDevices', firstPage(alice.enrolled.user), { metadata });
    await expect(call).resolves.toBeDefined();
  });

  it('serve on while the store is away, for a while', async () => {
    const bench = await start();
    const kids = await kidsOf(bench);
    bench.store.close();
    bench.clock.advance(60_000);
    expect(await kidsOf(bench)).toEqual(kids);
    bench.clock.advance(600_000);
    await expect(kidsOf(bench)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a signing key that is withdrawn', () => {
  it('is followed by another one within seconds, and nothing that it signed is believed', async () => {
    const bench = await start();
    const alice = await enrol(bench);
    const [kid = ''] = await kidsOf(bench);
    const metadata = bearerOf(await tokenOf(bench, alice));
    const before = await listOf(bench);
    expect(withdraw('no such key')).toEqual([1, expect.stringContaining(kid)]);
    expect(await kidsOf(bench)).toEqual([kid]);
    expect(withdraw(kid)).toEqual([0, `withdrawn: ${kid}\n`]);
    bench.clock.advance(10_000);
    expect(await kidsOf(bench)).toEqual([expect.not.stringContaining(kid)]);
    const call = callUnary(bench.client, 'listDevices', firstPage(alice.enrolled.user), { metadata });
    expect((await failureOf(call)).reason).toBe('TOKEN_UNKNOWN_KEY');
    const list = await listOf(bench);
    expect([kidOf(before), kidOf(list)]).toEqual([kid, (await kidsOf(bench))[0]]);
    expect(kidOf(await tokenOf(bench, alice))).toBe(kidOf(list));
    expect((await auditEvents(bench)).at(-1)).toMatchObject({ event: 'signing-key-withdrawn', kid });
  });
});

describe('the store key', () => {
  const KEY = 'a store key of at least 32 characters';

  it('keeps private keys unreadable in the store, and the same key reads them after a restart', async () => {
    const first = await start({ CANOPY_STORE_KEY: KEY });
    const kids = await kidsOf(first);
    const { enrolled } = await enrol(first);
    expect(await stored(first)).toEqual([expect.stringMatching(/^sealed\.1\.[\w-]{80,}$/)]);
    const second = await start({ CANOPY_STORE_KEY: KEY });
    expect(await kidsOf(second)).toEqual(kids);
    expect(kidOf((await enrol(second)).enrolled.attestation)).toBe(kidOf(enrolled.attestation));
  });

  it('ends the start when it is another one, is missing, or the key in the store was changed', async () => {
    const { store } = await start({ CANOPY_STORE_KEY: KEY });
    await expect(start({ CANOPY_STORE_KEY: `${KEY}!` })).rejects.toThrow('CANOPY_STORE_KEY is not the one');
    await expect(start()).rejects.toThrow('CANOPY_STORE_KEY is missing');
    const [key] = await store.registry.signingKeys();
    if (key?.privateKey === undefined) throw new Error('a key expected');
    const { kid, privateKey } = key;
    await store.registry.dropSigningKey(kid);
    const altered = privateKey.replace(/.(?=.{40}$)/, (character) => (character === 'A' ? 'B' : 'A'));
    await store.registry.addSigningKey({ ...key, privateKey: altered }, undefined);
    await expect(start({ CANOPY_STORE_KEY: KEY })).rejects.toThrow('CANOPY_STORE_KEY is not the one');
  });

  it('may be replaced, while the one before is named for the keys that are there', async () => {
    const first = await start({ CANOPY_STORE_KEY: KEY });
    const kids = await kidsOf(first);
    const environment = { CANOPY_STORE_KEY: `${KEY} 2`, CANOPY_PREVIOUS_STORE_KEY: KEY };
    const second = await start(environment);
    expect(await kidsOf(second)).toEqual(kids);
    second.clock.advance(91 * DAY);
    await second.refresh();
    const third = await start({ CANOPY_STORE_KEY: `${KEY} 2` }, second.clock.now());
    expect(await kidsOf(third)).toEqual(await kidsOf(second));
  });

  it('may come later: the next keys are sealed, the old one is read as it is', async () => {
    const first = await start();
    const kids = await kidsOf(first);
    const second = await start({ CANOPY_STORE_KEY: KEY });
    expect(await kidsOf(second)).toEqual(kids);
    second.clock.advance(89 * DAY);
    await second.refresh();
    const [next, earlier] = await stored(second);
    expect([next?.startsWith('sealed.1.'), earlier?.startsWith('{')]).toEqual([true, true]);
  });
});
