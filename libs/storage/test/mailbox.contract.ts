/**
 * What every mailbox does.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import type { DeliveryLimits, Mailbox, NewMailboxEntry } from '../src/index.ts';
import { named, on, sleeper } from './bench.ts';
import type { StartBench } from './bench.ts';

function entry(groupSequence: bigint, more: Partial<NewMailboxEntry> = {}): NewMailboxEntry {
  const welcome = named(`welcome ${groupSequence}`);
  return {
    device: 'bob',
    groupId: named('group'),
    groupSequence,
    welcome,
    epoch: groupSequence + 10n,
    tree: undefined,
    ...more,
  };
}

/** Room for everything. */
const LIMITS: DeliveryLimits = { nowMs: 1_700_000_000_000, maxEntries: 1000 };

async function sequences(mailbox: Mailbox, device = 'bob', afterSequence = 0n): Promise<readonly bigint[]> {
  const page = await mailbox.read({ device, afterSequence, limit: 100, maxBytes: 100_000 });
  return page.map(({ sequence }) => sequence);
}

/** Runs the suite on stores made by `start`. */
export function mailboxContract(start: StartBench<Mailbox>): void {
  it(
    'gives back what was delivered, in order, to its device only',
    on(start, async (mailbox) => {
      const tree = { hash: named('hash of a tree'), size: 123_456_789 };
      await mailbox.deliver(entry(7n, { tree }), LIMITS);
      await mailbox.deliver(entry(5n), LIMITS);
      await mailbox.deliver(entry(5n, { device: 'carol' }), LIMITS);
      expect(await mailbox.read({ device: 'bob', afterSequence: 0n, limit: 9, maxBytes: 999 })).toEqual([
        {
          sequence: 1n,
          groupId: named('group'),
          groupSequence: 7n,
          welcome: named('welcome 7'),
          epoch: 17n,
          tree,
        },
        {
          sequence: 2n,
          groupId: named('group'),
          groupSequence: 5n,
          welcome: named('welcome 5'),
          epoch: 15n,
          tree: undefined,
        },
      ]);
      expect(await sequences(mailbox, 'carol')).toEqual([1n]);
      expect(await sequences(mailbox, 'dave')).toEqual([]);
    }),
  );

  it(
    'delivers once, also when the device has acknowledged in between',
    on(start, async (mailbox) => {
      expect(await mailbox.deliver(entry(1n), LIMITS)).toEqual({ outcome: 'delivered', sequence: 1n });
      expect(await mailbox.deliver(entry(1n), LIMITS)).toEqual({ outcome: 'alreadyDelivered', sequence: 1n });
      await mailbox.acknowledge('bob', 1n);
      expect(await mailbox.deliver(entry(1n), LIMITS)).toEqual({ outcome: 'alreadyDelivered', sequence: 1n });
      expect(await sequences(mailbox)).toEqual([]);
      const other = entry(1n, { groupId: named('other') });
      expect(await mailbox.deliver(other, LIMITS)).toEqual({ outcome: 'delivered', sequence: 2n });
    }),
  );

  it(
    'forgets up to what was acknowledged, never starts counting again, and keeps what comes later',
    on(start, async (mailbox) => {
      for (const n of [1n, 2n, 3n]) await mailbox.deliver(entry(n), LIMITS);
      await mailbox.acknowledge('bob', 2n);
      expect(await sequences(mailbox)).toEqual([3n]);
      await mailbox.acknowledge('bob', 3n);
      await mailbox.acknowledge('nobody', 1n);
      expect(await sequences(mailbox)).toEqual([]);
      expect(await mailbox.deliver(entry(4n), LIMITS)).toEqual({ outcome: 'delivered', sequence: 4n });
      expect(await sequences(mailbox)).toEqual([4n]);
    }),
  );

  it(
    'says how far it has come, and deletes nothing for one who says to have come further',
    on(start, async (mailbox) => {
      expect(await mailbox.lastSequence('bob')).toBe(0n);
      for (const n of [1n, 2n]) await mailbox.deliver(entry(n), LIMITS);
      expect(await mailbox.lastSequence('bob')).toBe(2n);
      for (const beyond of [3n, 2n ** 53n, 2n ** 64n - 1n]) await mailbox.acknowledge('bob', beyond);
      expect(await sequences(mailbox)).toEqual([1n, 2n]);
      await mailbox.acknowledge('bob', 2n);
      expect(await sequences(mailbox)).toEqual([]);
      expect([await mailbox.lastSequence('bob'), await mailbox.lastSequence('carol')]).toEqual([2n, 0n]);
    }),
  );

  it(
    'reads after a cursor, up to a limit of entries and of bytes',
    on(start, async (mailbox) => {
      const big = { welcome: new Uint8Array(100) };
      for (const n of [1n, 2n, 3n, 4n]) await mailbox.deliver(entry(n, big), LIMITS);
      const page = { device: 'bob', afterSequence: 1n, limit: 10, maxBytes: 1000 };
      expect(await mailbox.read(page)).toHaveLength(3);
      expect(await mailbox.read({ ...page, limit: 2 })).toHaveLength(2);
      expect(await mailbox.read({ ...page, maxBytes: 299 })).toHaveLength(2);
      expect(await mailbox.read({ ...page, maxBytes: 1 })).toHaveLength(1);
      expect(await mailbox.read({ ...page, afterSequence: 2n ** 64n - 1n })).toEqual([]);
    }),
  );

  it(
    'holds so many entries: what finds no room changes nothing, and finds it when there is some again',
    on(start, async (mailbox) => {
      const few = { ...LIMITS, maxEntries: 2 };
      for (const n of [1n, 2n]) await mailbox.deliver(entry(n), few);
      expect(await mailbox.deliver(entry(3n), few)).toEqual({ outcome: 'full' });
      expect(await mailbox.deliver(entry(2n), few)).toEqual({ outcome: 'alreadyDelivered', sequence: 2n });
      expect(await mailbox.deliver(entry(3n, { device: 'carol' }), few)).toMatchObject({
        outcome: 'delivered',
      });
      expect(await sequences(mailbox)).toEqual([1n, 2n]);
      await mailbox.acknowledge('bob', 1n);
      expect(await mailbox.deliver(entry(3n), few)).toEqual({ outcome: 'delivered', sequence: 3n });
      expect(await sequences(mailbox)).toEqual([2n, 3n]);
    }),
  );

  it(
    'removes what has waited too long, the oldest first, and neither counts anew nor takes it again',
    on(start, async (mailbox) => {
      const { nowMs } = LIMITS;
      for (const [i, device] of ['bob', 'carol', 'bob', 'bob'].entries())
        await mailbox.deliver(entry(BigInt(i), { device }), { ...LIMITS, nowMs: nowMs + i });
      const retention = { nowMs: nowMs + 1000, maxAgeMs: 997, budget: 1000 };
      expect(await mailbox.prune({ ...retention, maxAgeMs: 1000 })).toBe(0);
      expect(await mailbox.prune({ ...retention, maxAgeMs: 998, budget: 1 })).toBe(1);
      expect(await mailbox.prune(retention)).toBe(2);
      expect(await mailbox.prune(retention)).toBe(0);
      expect([await sequences(mailbox), await sequences(mailbox, 'carol')]).toEqual([[3n], []]);
      expect(await mailbox.deliver(entry(0n), LIMITS)).toEqual({ outcome: 'alreadyDelivered', sequence: 1n });
      expect(await mailbox.deliver(entry(9n), LIMITS)).toEqual({ outcome: 'delivered', sequence: 4n });
      expect(await mailbox.prune({ ...retention, maxAgeMs: 0 })).toBe(2);
      expect(await mailbox.lastSequence('bob')).toBe(4n);
    }),
  );

  it(
    'wakes the device that something was delivered to, and no other',
    on(start, async (mailbox) => {
      const [bob, carol, stopped] = [sleeper(), sleeper(), sleeper()];
      mailbox.onDeliver('bob', bob.wake);
      mailbox.onDeliver('carol', carol.wake);
      mailbox.onDeliver('bob', stopped.wake)();
      for (let i = 1n; i <= 10n; i++) {
        const woken = bob.next();
        await mailbox.deliver(entry(i), LIMITS);
        await woken;
      }
      // A store may call once when a subscription takes effect.
      expect(carol.calls()).toBeLessThanOrEqual(1);
      expect(stopped.calls()).toBe(0);
    }),
  );

  it(
    'wakes the device on other connections too',
    on(start, async (mailbox, bench) => {
      const reader = await bench.open();
      const woken = new Promise<void>((resolve) => {
        reader.onDeliver('bob', () => {
          void sequences(reader)
            .then((found) => (found.length === 1 ? resolve() : undefined))
            // A wake-up may come after the last one that matters, when the bench is ending.
            .catch(() => {});
        });
      });
      await mailbox.deliver(entry(1n), LIMITS);
      await woken;
    }),
  );
}
