/**
 * What every keeper of receipt keys does.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import type { ReceiptKey, ReceiptKeys } from '../src/index.ts';
import { on } from './bench.ts';
import type { StartBench } from './bench.ts';

function key(kid: string, createdAtMs = 1): ReceiptKey {
  return { kid, privateJwk: `{"kid":"${kid}"}`, createdAtMs };
}

/** Runs the suite on stores made by `start`. */
export function receiptKeysContract(start: StartBench<ReceiptKeys>): void {
  it(
    'has no key at first, and keeps the first one that is offered',
    on(start, async (keys) => {
      expect(await keys.all()).toEqual([]);
      expect(await keys.ensure(key('a'))).toEqual(key('a'));
      expect(await keys.ensure(key('b'))).toEqual(key('a'));
      expect(await keys.all()).toEqual([key('a')]);
    }),
  );

  it(
    'makes replicas that start together agree on one',
    on(start, async (keys, bench) => {
      const replicas = [keys, await bench.open(), await bench.open()];
      const agreed = await Promise.all(
        Array.from({ length: 12 }, (_, i) => (replicas[i % replicas.length] ?? keys).ensure(key(`k${i}`))),
      );
      expect(new Set(agreed.map(({ kid }) => kid)).size).toBe(1);
      expect(await keys.all()).toHaveLength(1);
    }),
  );

  it(
    'signs with the one that was added last, and lists all, newest first, whatever their times say',
    on(start, async (keys) => {
      await keys.ensure(key('a', 30));
      await keys.add(key('b', 20));
      await keys.add(key('c', 10));
      await keys.add({ ...key('b'), privateJwk: 'another' });
      expect(await keys.all()).toEqual([key('c', 10), key('b', 20), key('a', 30)]);
      expect(await keys.ensure(key('d'))).toEqual(key('c', 10));
    }),
  );
}
