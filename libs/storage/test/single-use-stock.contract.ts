/**
 * What every stock of KeyPackages does.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import { CLAIM_REPEAT_WINDOW_MS, MAX_CAPABILITY_SETS, WITHDRAWAL_STEP } from '../src/index.ts';
import type { ClaimRequest, DeviceClaim, SingleUseStock } from '../src/index.ts';
import { named, on } from './bench.ts';
import type { StartBench } from './bench.ts';
import { liveThrough } from './single-use-stock.histories.ts';
import { DAY, device, extensions, item, NOW, request, user } from './stock-samples.ts';

function say(answer: DeviceClaim | undefined): string {
  if (answer === undefined) return 'no answer';
  if (answer.outcome === 'nothing') return answer.reason;
  return new TextDecoder().decode(answer.keyPackage) + (answer.lastResort ? ' (last resort)' : '');
}

async function claim(stock: SingleUseStock, name: string, more?: Partial<ClaimRequest>): Promise<string> {
  const answers = await stock.claim(request(name, more));
  return say(answers[0]);
}

/** Runs the suite on stores made by `start`, with so many random histories. */
export function singleUseStockContract(start: StartBench<SingleUseStock>, histories = 25): void {
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
      expect(await stock.count(device, NOW)).toEqual([
        { cipherSuite: 1, singleUse: 0, lastResort: true, lastResortUses: 2 },
      ]);
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
        { cipherSuite: 1, singleUse: 1, lastResort: true, lastResortUses: 0 },
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
        { cipherSuite: 1, singleUse: 1, lastResort: true, lastResortUses: 0 },
        { cipherSuite: 2, singleUse: 1, lastResort: false, lastResortUses: 0 },
      ]);
    }),
  );

  it(
    'finds a KeyPackage of a suite behind many of another',
    on(start, async (stock) => {
      for (let i = 0; i < 70; i++) await stock.put(item(`${i}`, { cipherSuite: 11 }));
      await stock.put(item('behind', { cipherSuite: 1, notAfterMs: NOW + 2 * DAY }));
      expect(await claim(stock, 'r')).toBe('behind');
      expect(await stock.count(device, NOW)).toEqual([
        { cipherSuite: 11, singleUse: 70, lastResort: false, lastResortUses: 0 },
      ]);
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

  it(
    'tells of a claim whether it would be a repeat, and takes nothing for that',
    on(start, async (stock) => {
      await stock.put(item('a'));
      await stock.put(item('other', { device: 'd2' }));
      const both = request('r', { devices: [device, 'd2', 'd3'] });
      expect(await stock.repeatsOf(both)).toEqual(new Set());
      await stock.claim(request('r'));
      expect(await stock.repeatsOf(both)).toEqual(new Set([device]));
      for (const other of [
        { caller: 'mallory' },
        { cipherSuite: 2 },
        { required: extensions(7) },
        { requestId: named('other') },
        { nowMs: NOW + CLAIM_REPEAT_WINDOW_MS + 1 },
      ])
        expect(await stock.repeatsOf({ ...both, ...other })).toEqual(new Set());
      expect(await claim(stock, 'r', { devices: ['d2'] })).toBe('other');
    }),
  );

  it(
    'repeats a claim that asked for fewer devices, and takes only from those that are new to it',
    on(start, async (stock) => {
      await stock.put(item('a'));
      await stock.put(item('b'));
      await stock.put(item('c', { device: 'd2' }));
      await stock.claim(request('r'));
      const answers = await stock.claim(request('r', { devices: [device, 'd2'] }));
      expect(answers.map(say)).toEqual(['a', 'c']);
      expect(await claim(stock, 'r')).toBe('a');
      expect(await claim(stock, 'next')).toBe('b');
    }),
  );

  it(
    'hands out only what has all that is required, of that the one that expires first',
    on(start, async (stock) => {
      const all = { extensions: [7, 9], proposals: [20], credentials: [1, 2] };
      await stock.put(item('poor', { notAfterMs: NOW + 1 }));
      await stock.put(item('late', { capabilities: all, notAfterMs: NOW + 3 * DAY }));
      await stock.put(item('rich', { capabilities: { ...all, extensions: [5000, 9, 7] } }));
      for (const required of [
        extensions(7, 8),
        { ...all, proposals: [20, 21] },
        { ...all, credentials: [3] },
        extensions(1),
      ])
        expect(await claim(stock, 'r', { required })).toBe('noneFits');
      expect(await claim(stock, 'r', { required: all })).toBe('rich');
      expect(await claim(stock, 'r2', { required: extensions(9, 7, 9) })).toBe('late');
      expect(await claim(stock, 'r3', { required: all })).toBe('noneFits');
      expect(await claim(stock, 'r3')).toBe('poor');
      expect(await claim(stock, 'r4', { required: all })).toBe('exhausted');
    }),
  );

  it(
    'hands out a last resort only where it fits',
    on(start, async (stock) => {
      await stock.put(item('resort', { lastResort: true, capabilities: extensions(7) }));
      await stock.put(item('poor'));
      expect(await claim(stock, 'r1', { required: extensions(8) })).toBe('noneFits');
      expect(await claim(stock, 'r1', { required: extensions(7) })).toBe('resort (last resort)');
      expect(await claim(stock, 'r2')).toBe('poor');
    }),
  );

  it(
    'holds a device to its number of sets of capabilities, and forgets those that are used up',
    on(start, async (stock) => {
      const soon = { notAfterMs: NOW + 10 };
      for (let i = 0; i < MAX_CAPABILITY_SETS - 1; i++)
        await stock.put(item(`${i}`, { capabilities: extensions(100 + i), ...soon }));
      await stock.put(item('resort', { capabilities: extensions(50), lastResort: true }));
      const more = { capabilities: extensions(7) };
      expect(await stock.put(item('more', more))).toEqual({ outcome: 'tooManyCapabilitySets' });
      expect(await stock.put(item('more', { ...more, lastResort: true }))).toEqual({
        outcome: 'tooManyCapabilitySets',
      });
      expect((await stock.put(item('same', { capabilities: extensions(100) }))).outcome).toBe('stored');
      expect(await claim(stock, 'r', { required: extensions(101) })).toBe('1');
      expect((await stock.put(item('more', more))).outcome).toBe('stored');
      expect((await stock.put(item('next', { capabilities: extensions(8) }))).outcome).toBe(
        'tooManyCapabilitySets',
      );
      const later = { nowMs: NOW + 11, notAfterMs: NOW + DAY };
      expect((await stock.put(item('next', { capabilities: extensions(8), ...later }))).outcome).toBe(
        'stored',
      );
      expect(await claim(stock, 'r2', { required: extensions(50), nowMs: NOW + 11 })).toMatch('resort');
    }),
  );

  it(
    'takes nothing but the last resort where that is asked for',
    on(start, async (stock) => {
      const lastResortOnly = new Set([device]);
      await stock.put(item('single'));
      await stock.put(item('other', { device: 'd2' }));
      const answers = await stock.claim(request('r', { devices: [device, 'd2'], lastResortOnly }));
      expect(answers.map(say)).toEqual(['exhausted', 'other']);
      await stock.put(item('resort', { lastResort: true }));
      expect(await claim(stock, 'r', { lastResortOnly })).toBe('resort (last resort)');
      expect(await claim(stock, 'r2')).toBe('single');
    }),
  );

  it(
    'counts how often the last resort was handed out, until a new one is there',
    on(start, async (stock) => {
      const uses = async (): Promise<unknown> =>
        (await stock.count(device, NOW)).map(({ lastResortUses }) => lastResortUses);
      await stock.put(item('old', { lastResort: true }));
      for (const name of ['r1', 'r1', 'r2']) await claim(stock, name);
      expect(await uses()).toEqual([2]);
      await stock.put(item('new', { lastResort: true }));
      expect(await uses()).toEqual([0]);
    }),
  );

  it(
    'withdraws all for good, and repeats no answer from before',
    on(start, async (stock) => {
      for (const name of ['a', 'b']) await stock.put(item(name));
      await stock.put(item('resort', { lastResort: true }));
      await stock.put(item('other', { device: 'd2' }));
      expect(await claim(stock, 'r')).toBe('a');
      expect(await stock.withdraw({ which: 'all', device, nowMs: NOW })).toBe(2);
      expect(await stock.withdraw({ which: 'all', device, nowMs: NOW })).toBe(0);
      expect(await stock.count(device, NOW)).toEqual([]);
      expect(await claim(stock, 'r')).toBe('exhausted');
      for (const name of ['b', 'resort'])
        expect(await stock.put(item(name))).toEqual({ outcome: 'alreadyConsumed' });
      expect((await stock.put(item('new'))).outcome).toBe('stored');
      expect(await claim(stock, 'r')).toBe('new');
      expect(await claim(stock, 'r2', { devices: ['d2'] })).toBe('other');
      expect(await stock.withdraw({ which: 'all', device: 'nobody', nowMs: NOW })).toBe(0);
    }),
  );

  it(
    'does not count what had expired before it was withdrawn',
    on(start, async (stock) => {
      await stock.put(item('a'));
      await stock.put(item('soon', { notAfterMs: NOW + 10 }));
      await stock.put(item('resort', { notAfterMs: NOW + 10, lastResort: true }));
      expect(await stock.withdraw({ which: 'all', device, nowMs: NOW + 11 })).toBe(1);
    }),
  );

  it(
    'withdraws by the key of the leaf, more of them than one step takes out',
    on(start, async (stock) => {
      const [before, after] = [named('old key'), named('new key')];
      const many = WITHDRAWAL_STEP + 10;
      for (let i = 0; i < many; i++)
        await stock.put(item(`${i}`, { maxPerDevice: 1000, signatureKey: i % 2 === 0 ? before : after }));
      await stock.put(item('resort', { lastResort: true, signatureKey: before }));
      await stock.put(item('resort 2', { lastResort: true, signatureKey: after, cipherSuite: 2 }));
      const withdrawal = { device, signatureKey: after, nowMs: NOW } as const;
      expect(await stock.withdraw({ ...withdrawal, which: 'notUnderKey' })).toBe(many / 2 + 1);
      expect(await stock.count(device, NOW)).toEqual([
        { cipherSuite: 1, singleUse: many / 2, lastResort: false, lastResortUses: 0 },
        { cipherSuite: 2, singleUse: 0, lastResort: true, lastResortUses: 0 },
      ]);
      expect(await stock.withdraw({ ...withdrawal, which: 'underKey' })).toBe(many / 2 + 1);
      expect(await stock.count(device, NOW)).toEqual([]);
    }),
  );

  it(
    'gives a revoked device no stock any more, not even a repeated one, and lists it no longer',
    on(start, async (stock) => {
      for (const name of ['a', 'b']) await stock.put(item(name));
      await stock.put(item('other', { device: 'd2' }));
      expect(await claim(stock, 'r')).toBe('a');
      expect(await stock.withdraw({ which: 'revoked', device, nowMs: NOW })).toBe(1);
      expect(await claim(stock, 'r')).toBe('revoked');
      expect(await claim(stock, 'r2')).toBe('revoked');
      expect(await stock.repeatsOf(request('r'))).toEqual(new Set());
      expect(await stock.put(item('c'))).toEqual({ outcome: 'revoked' });
      expect(await stock.put(item('resort', { lastResort: true }))).toEqual({ outcome: 'revoked' });
      expect(await stock.count(device, NOW)).toEqual([]);
      expect(await stock.devicesOf(user, 10)).toEqual(['d2']);
      expect(await stock.withdraw({ which: 'revoked', device, nowMs: NOW })).toBe(0);
      await stock.withdraw({ which: 'revoked', device: 'nobody', nowMs: NOW });
      expect(await claim(stock, 'r', { devices: ['nobody'] })).toBe('unknownDevice');
    }),
  );

  it(
    'remembers who consumed what, within bounds of number and age',
    on(start, async (stock) => {
      await stock.put(item('resort', { lastResort: true, notAfterMs: NOW + 90 * DAY }));
      await stock.put(item('a'));
      await claim(stock, 'r', { caller: 'älice' });
      await claim(stock, 'r', { caller: 'älice' });
      await claim(stock, 'r', { caller: 'carol', nowMs: NOW + 1 });
      const query = { device, afterSequence: 0n, limit: 10, notBeforeMs: 0 };
      const [first, second, ...others] = await stock.consumptions(query);
      expect(others).toEqual([]);
      const { sequence = 0n } = first ?? {};
      const common = { cipherSuite: 1, sequence: expect.any(BigInt) };
      expect(first).toEqual({
        ...common,
        caller: 'älice',
        atMs: NOW,
        ref: named('ref a'),
        lastResort: false,
      });
      expect(second).toEqual({
        ...common,
        caller: 'carol',
        atMs: NOW + 1,
        ref: named('ref resort'),
        lastResort: true,
      });
      expect(second?.sequence).toBeGreaterThan(sequence);
      expect(await stock.consumptions({ ...query, limit: 1 })).toEqual([first]);
      expect(await stock.consumptions({ ...query, afterSequence: sequence })).toEqual([second]);
      expect(await stock.consumptions({ ...query, limit: 1, notBeforeMs: NOW + 1 })).toEqual([second]);
      expect(await stock.consumptions({ ...query, device: 'd2' })).toEqual([]);

      const bounds = { maxEntries: 3, maxAgeMs: 10 * DAY };
      for (let i = 0; i < 5; i++)
        await claim(stock, `r${i}`, { nowMs: NOW + 2 + i, remember: bounds, caller: `${i}` });
      expect((await stock.consumptions(query)).map(({ caller }) => caller)).toEqual(['2', '3', '4']);
      await claim(stock, 'late', { nowMs: NOW + 10 * DAY + 6, remember: bounds, caller: 'late' });
      expect((await stock.consumptions(query)).map(({ caller }) => caller)).toEqual(['4', 'late']);
    }),
  );

  it(
    'wakes those who watch a device after a put, a claim and a withdrawal, also through another connection',
    on(start, async (stock, bench) => {
      const other = await bench.open();
      for (const change of [
        () => other.put(item('a')),
        () => stock.put(item('b')),
        () => other.claim(request('r')),
        () => other.withdraw({ which: 'all', device, nowMs: NOW }),
      ]) {
        // A subscription may take effect late, but then it wakes too: who counts after each call misses nothing.
        const before = JSON.stringify(await stock.count(device, NOW));
        const changed = Promise.withResolvers<void>();
        const stop = stock.onChange(device, () => {
          void stock.count(device, NOW).then((counts) => {
            if (JSON.stringify(counts) !== before) changed.resolve();
          }, changed.reject);
        });
        await change();
        await changed.promise;
        stop();
      }
    }),
  );

  it(
    'lives through random histories like the model',
    on(start, (stock) => liveThrough(histories, stock)),
  );
}
