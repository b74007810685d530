/**
 * What every stock of KeyPackages does.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import { CLAIM_REPEAT_WINDOW_MS } from '../src/index.ts';
import type { ClaimRequest, DeviceClaim, NewStock, SingleUseStock } from '../src/index.ts';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;
const device = 'mimi://example.com/d/bob/1';
const user = 'mimi://example.com/u/bob';

function item(name: string, more: Partial<NewStock> = {}): NewStock {
  return {
    device,
    user,
    cipherSuite: 1,
    ref: named(`ref ${name}`),
    keyPackage: named(name),
    lastResort: false,
    notAfterMs: NOW + DAY,
    maxPerDevice: 100,
    nowMs: NOW,
    ...more,
  };
}

function request(name: string, more: Partial<ClaimRequest> = {}): ClaimRequest {
  return { requestId: named(name), caller: 'alice', devices: [device], cipherSuite: 1, nowMs: NOW, ...more };
}

function say(answer: DeviceClaim | undefined): string {
  if (answer === undefined) return 'no answer';
  if (answer.outcome === 'nothing') return answer.reason;
  return new TextDecoder().decode(answer.keyPackage) + (answer.lastResort ? ' (last resort)' : '');
}

async function claim(stock: SingleUseStock, name: string, more?: Partial<ClaimRequest>): Promise<string> {
  const answers = await stock.claim(request(name, more));
  return say(answers[0]);
}

/** Runs the suite on stores made by `start`. */
export function singleUseStockContract(start: StartBench<SingleUseStock>): void {
  it(
    'hands out each KeyPackage once, the one that expires first',
    on(start, async (stock) => {
      await stock.put(item('late', { notAfterMs: NOW + 3 * DAY }));
      await stock.put(item('early', { notAfterMs: NOW + DAY }));
      expect(await claim(stock, 'r1')).toBe('early');
      expect(await claim(stock, 'r2')).toBe('late');
      expect(await claim(stock, 'r3')).toBe('exhausted');
    }),
  );

  it(
    'hands out the last resort when nothing else is left, and keeps it',
    on(start, async (stock) => {
      await stock.put(item('resort', { lastResort: true }));
      await stock.put(item('single'));
      expect(await claim(stock, 'r1')).toBe('single');
      expect(await claim(stock, 'r2')).toBe('resort (last resort)');
      expect(await claim(stock, 'r3')).toBe('resort (last resort)');
      expect(await stock.count(device, NOW)).toEqual([{ cipherSuite: 1, singleUse: 0, lastResort: true }]);
    }),
  );

  it(
    'answers every device once, also those that have nothing',
    on(start, async (stock) => {
      await stock.put(item('one'));
      await stock.put(item('two'));
      await stock.put(item('other suite', { device: 'd2', cipherSuite: 2 }));
      const answers = await stock.claim(request('r', { devices: ['d2', device, 'd3', device] }));
      expect(answers.map((answer) => [answer.device, say(answer)])).toEqual([
        ['d2', 'exhausted'],
        [device, 'one'],
        ['d3', 'unknownDevice'],
      ]);
      expect(await claim(stock, 'next')).toBe('two');
    }),
  );

  it(
    'gives a repeated claim the same answer for ten minutes, per caller and suite',
    on(start, async (stock) => {
      for (const name of ['a', 'b', 'c']) await stock.put(item(name));
      await stock.put(item('suite 2', { cipherSuite: 2 }));
      const first = await claim(stock, 'r');
      const nowMs = NOW + CLAIM_REPEAT_WINDOW_MS;
      expect(await claim(stock, 'r', { nowMs })).toBe(first);
      expect(await claim(stock, 'r', { caller: 'mallory' })).not.toBe(first);
      expect(await claim(stock, 'r', { cipherSuite: 2 })).toBe('suite 2');
      expect(await claim(stock, 'r', { nowMs: nowMs + 1 })).not.toBe(first);
      expect(await stock.count(device, NOW)).toEqual([]);
    }),
  );

  it(
    'repeats a last resort too, when single-use ones were published meanwhile',
    on(start, async (stock) => {
      await stock.put(item('resort', { lastResort: true }));
      expect(await claim(stock, 'r')).toBe('resort (last resort)');
      await stock.put(item('single'));
      expect(await claim(stock, 'r')).toBe('resort (last resort)');
      expect(await claim(stock, 'r2')).toBe('single');
    }),
  );

  it(
    'never hands out or counts what is expired, and gives its place free',
    on(start, async (stock) => {
      const soon = { notAfterMs: NOW + 10, maxPerDevice: 1 };
      await stock.put(item('soon', soon));
      await stock.put(item('resort', { lastResort: true, notAfterMs: NOW + 10 }));
      expect(await stock.count(device, NOW + 10)).toEqual([
        { cipherSuite: 1, singleUse: 1, lastResort: true },
      ]);
      expect(await stock.count(device, NOW + 11)).toEqual([]);
      expect((await stock.put(item('next', { ...soon, nowMs: NOW + 10 }))).outcome).toBe('full');
      expect(await claim(stock, 'r', { nowMs: NOW + 11 })).toBe('exhausted');
      const next = item('next', { maxPerDevice: 1, nowMs: NOW + 11 });
      expect((await stock.put(next)).outcome).toBe('stored');
      expect(await claim(stock, 'r', { nowMs: NOW + 11 })).toBe('next');
    }),
  );

  it(
    'does not repeat an answer that has expired since',
    on(start, async (stock) => {
      await stock.put(item('soon', { notAfterMs: NOW + 10 }));
      await stock.put(item('later'));
      expect(await claim(stock, 'r', { nowMs: NOW })).toBe('soon');
      expect(await claim(stock, 'r', { nowMs: NOW + 10 })).toBe('soon');
      expect(await claim(stock, 'r', { nowMs: NOW + 11 })).toBe('later');
    }),
  );

  it(
    'stores a KeyPackage once, and never again when it was consumed',
    on(start, async (stock) => {
      expect(await stock.put(item('a'))).toEqual({ outcome: 'stored' });
      expect(await stock.put(item('a'))).toEqual({ outcome: 'alreadyStored' });
      expect(await stock.put(item('a', { lastResort: true }))).toEqual({ outcome: 'alreadyStored' });
      await claim(stock, 'r1');
      expect(await stock.put(item('a'))).toEqual({ outcome: 'alreadyConsumed' });
      expect(await stock.put(item('a', { lastResort: true }))).toEqual({ outcome: 'alreadyConsumed' });
      expect(await claim(stock, 'r2')).toBe('exhausted');
      expect((await stock.put(item('a', { device: 'd2' }))).outcome).toBe('stored');
    }),
  );

  it(
    'replaces a last resort by a newer one for good, per suite',
    on(start, async (stock) => {
      const lastResort = true;
      await stock.put(item('old', { lastResort }));
      expect(await stock.put(item('old', { lastResort }))).toEqual({ outcome: 'alreadyStored' });
      await stock.put(item('new', { lastResort }));
      await stock.put(item('suite 2', { lastResort, cipherSuite: 2 }));
      expect(await claim(stock, 'r1')).toBe('new (last resort)');
      expect(await stock.put(item('old'))).toEqual({ outcome: 'alreadyConsumed' });
      expect(await claim(stock, 'r2', { cipherSuite: 2 })).toBe('suite 2 (last resort)');
    }),
  );

  it(
    'holds a device to its maximum over all suites, last resorts apart',
    on(start, async (stock) => {
      const most = { maxPerDevice: 2 };
      await stock.put(item('resort', { ...most, lastResort: true }));
      await stock.put(item('a', most));
      await stock.put(item('b', { ...most, cipherSuite: 2 }));
      expect(await stock.put(item('c', most))).toEqual({ outcome: 'full' });
      expect(await stock.put(item('a', most))).toEqual({ outcome: 'alreadyStored' });
      expect(await stock.put(item('resort 2', { ...most, lastResort: true }))).toEqual({ outcome: 'stored' });
      expect((await stock.put(item('c', { ...most, device: 'd2' }))).outcome).toBe('stored');
      await claim(stock, 'r');
      expect(await stock.put(item('c', most))).toEqual({ outcome: 'stored' });
      expect(await stock.count(device, NOW)).toEqual([
        { cipherSuite: 1, singleUse: 1, lastResort: true },
        { cipherSuite: 2, singleUse: 1, lastResort: false },
      ]);
    }),
  );

  it(
    'finds a KeyPackage of a suite behind many of another',
    on(start, async (stock) => {
      for (let i = 0; i < 70; i++) await stock.put(item(`${i}`, { cipherSuite: 11 }));
      await stock.put(item('behind', { cipherSuite: 1, notAfterMs: NOW + 2 * DAY }));
      expect(await claim(stock, 'r')).toBe('behind');
      expect(await stock.count(device, NOW)).toEqual([{ cipherSuite: 11, singleUse: 70, lastResort: false }]);
    }),
  );

  it(
    'lists the devices of a user',
    on(start, async (stock) => {
      for (const one of ['d3', 'd1', 'd2']) await stock.put(item(one, { device: one }));
      await stock.put(item('x', { device: 'd4', user: 'someone else' }));
      expect(await stock.devicesOf(user, 10)).toEqual(['d1', 'd2', 'd3']);
      expect(await stock.devicesOf(user, 2)).toEqual(['d1', 'd2']);
      expect(await stock.devicesOf('nobody', 10)).toEqual([]);
    }),
  );

  it(
    'keeps names with braces, colons and other letters apart',
    on(start, async (stock) => {
      for (const one of ['{a}b', '{a}c', 'a:b', 'ä}', '']) await stock.put(item(one, { device: one }));
      for (const one of ['{a}b', '{a}c', 'a:b', 'ä}', ''])
        expect(await claim(stock, one, { devices: [one] })).toBe(one);
    }),
  );

  it(
    'gives many claimers at once through several connections each another one',
    on(start, async (stock, bench) => {
      const stocks = [stock, await bench.open(), await bench.open()];
      for (let i = 0; i < 60; i++) await stock.put(item(`${i}`));
      await stock.put(item('resort', { lastResort: true }));
      const answers = await Promise.all(
        Array.from({ length: 90 }, (_, i) => claim(stocks[i % 3] ?? stock, `r${i}`)),
      );
      const single = answers.filter((answer) => answer !== 'resort (last resort)');
      expect(single).toHaveLength(60);
      expect(new Set(single).size).toBe(60);
    }),
  );

  it(
    'gives the same claim made many times at once one KeyPackage',
    on(start, async (stock, bench) => {
      const stocks = [stock, await bench.open()];
      for (let i = 0; i < 10; i++) await stock.put(item(`${i}`));
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) => claim(stocks[i % 2] ?? stock, 'same')),
      );
      expect(new Set(answers).size).toBe(1);
      expect((await stock.count(device, NOW))[0]?.singleUse).toBe(9);
    }),
  );
}
