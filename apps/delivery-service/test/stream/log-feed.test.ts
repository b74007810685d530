import { delivery } from '@canopy/contract';
import { createLogger, manualClock } from '@canopy/service';
import { openSqlite, type GroupLog } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DOMAIN } from '../authority.ts';
import { random } from '../group.ts';
import { ReceiptBook } from '../../src/receipt-book.ts';
import { LogFeed } from '../../src/stream/log-feed.ts';
import { shareEncodings } from '../../src/stream/shared-encoding.ts';

const groupId = random(16);
let store: ReturnType<typeof openSqlite>;
let feed: LogFeed;
let reads: number;
let clock: ReturnType<typeof manualClock>;

beforeEach(async () => {
  store = openSqlite(':memory:');
  await store.groupLog.createGroup({ groupId, cipherSuite: 1, accessKey: random(32), nowMs: 1 });
  reads = 0;
  clock = manualClock(1);
  const read = store.groupLog.read.bind(store.groupLog);
  Object.assign(store.groupLog, {
    read: (query: Parameters<typeof read>[0]) => {
      reads += 1;
      return read(query);
    },
  });
  feed = feedOf(1_000_000);
});

afterEach(() => store.close());

function feedOf(maxBytes: number): LogFeed {
  const { groupLog, receiptKeys } = store;
  const log = createLogger({ service: 'delivery-service', level: 'silent' });
  const receipts = new ReceiptBook({ domain: DOMAIN, groupLog, receiptKeys, clock, log });
  return new LogFeed({ groupLog, receipts, pageEntries: 3, pageBytes: 1_000, maxBytes, clock });
}

async function append(count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    const entry = { groupId, epoch: 0n, requestId: random(16), kind: 'application' as const };
    await store.groupLog.appendMessages([{ ...entry, message: random(9), maxPastEpochs: 0, nowMs: 1 }]);
  }
}

describe('the feed of a log', () => {
  it('reads a page once for all who stand at the same place, and gives them one response', async () => {
    await append(5);
    feed.follow(groupId, () => undefined);
    const pages = await Promise.all(Array.from({ length: 100 }, () => feed.pageAfter(groupId, 0n)));
    expect(new Set(pages).size).toBe(1);
    expect(pages[0]?.entries.map(({ sequence }) => sequence)).toEqual([1n, 2n, 3n]);
    expect(feed.isEnd(groupId, await feed.pageAfter(groupId, 0n))).toBe(false);
    expect(reads).toBe(1);
  });

  it('knows a page for the end until the next wake-up only', async () => {
    await append(2);
    let woken = 0;
    feed.follow(groupId, () => {
      woken += 1;
    });
    const page = await feed.pageAfter(groupId, 0n);
    expect(feed.isEnd(groupId, page)).toBe(true);
    await append(1);
    expect(woken).toBe(1);
    // What the page has is still what comes first; that nothing comes after it is no longer true.
    expect(await feed.pageAfter(groupId, 0n)).toBe(page);
    expect(feed.isEnd(groupId, page)).toBe(false);
    const next = await feed.pageAfter(groupId, 2n);
    expect([next.entries.length, feed.isEnd(groupId, next)]).toEqual([1, true]);
  });

  it('does not wait for a read that began before a wake-up', async () => {
    feed.follow(groupId, () => undefined);
    const before = feed.pageAfter(groupId, 0n);
    const appended = append(1);
    await appended;
    expect((await feed.pageAfter(groupId, 0n)).entries).toHaveLength(1);
    await before;
  });

  it('gives what was appended through it without reading it, and the same as a reading gives', async () => {
    const messages = Array.from({ length: 5 }, () => ({
      groupId,
      epoch: 0n,
      requestId: random(16),
      kind: 'application' as const,
      message: random(9),
      maxPastEpochs: 0,
      nowMs: 1,
    }));
    const other = feedOf(1_000_000);
    for (const one of [feed, other]) one.follow(groupId, () => undefined);
    await feed.appendMessages(messages);
    expect(reads).toBe(0);
    for (const after of [0n, 3n]) {
      const page = await feed.pageAfter(groupId, after);
      const read = await other.pageAfter(groupId, after);
      expect([page.entries, page.response]).toEqual([read.entries, read.response]);
    }
    expect(reads).toBe(2);
    // Whether it is the end only the log can say.
    expect(feed.isEnd(groupId, await feed.pageAfter(groupId, 3n))).toBe(false);
    expect(await feed.pageAfter(groupId, 5n)).toMatchObject({ entries: [], lastSequence: 5n });
    expect(reads).toBe(3);
  });

  it('remembers of what was appended only what the log has taken, and without what lies between', async () => {
    const message = (requestId = random(16)): Parameters<typeof feed.appendMessages>[0][number] => ({
      groupId,
      epoch: 0n,
      requestId,
      kind: 'application',
      message: random(9),
      maxPastEpochs: 0,
      nowMs: 1,
    });
    const repeated = message();
    feed.follow(groupId, () => undefined);
    await feed.appendMessages([repeated]);
    await append(1);
    await feed.appendMessages([repeated, { ...message(), epoch: 7n }, message()]);
    expect((await feed.pageAfter(groupId, 2n)).entries.map(({ sequence }) => sequence)).toEqual([3n]);
    expect((await feed.pageAfter(groupId, 0n)).entries.map(({ sequence }) => sequence)).toEqual([1n]);
    expect(reads).toBe(0);
    expect((await feed.pageAfter(groupId, 1n)).entries.map(({ sequence }) => sequence)).toEqual([2n, 3n]);
    expect(reads).toBe(1);
  });

  it('does not give entries that a failover has lost to those who come after it, though the log is longer again', async () => {
    feed.follow(groupId, () => undefined);
    await append(2);
    const lost = { groupId, epoch: 0n, requestId: random(16), kind: 'application' as const, nowMs: 1 };
    const [other, kept] = [openSqlite(':memory:'), await feed.pageAfter(groupId, 0n)];
    await feed.appendMessages([{ ...lost, message: random(9), maxPastEpochs: 0 }]);
    expect((await feed.pageAfter(groupId, 2n)).entries.map(({ sequence }) => sequence)).toEqual([3n]);
    // A replica takes over that has the first two, and others come in the place of the third.
    await other.groupLog.createGroup({ groupId, cipherSuite: 1, accessKey: random(32), nowMs: 1 });
    const again = [...kept.entries.map(({ message }) => message), random(9), random(9)];
    for (const message of again)
      await other.groupLog.appendMessages([{ ...lost, requestId: random(16), message, maxPastEpochs: 0 }]);
    const takenOver: Pick<GroupLog, 'read' | 'findGroup'> = {
      read: (query) => other.groupLog.read(query),
      findGroup: (id) => other.groupLog.findGroup(id),
    };
    Object.assign(store.groupLog, takenOver);
    // No failover is quicker.
    clock.advance(2_000);
    const page = await feed.pageAfter(groupId, 2n);
    expect(page.entries.map(({ message }) => message)).toEqual(again.slice(2));
    other.close();
  });

  it('keeps no more than it may, and forgets a group whose log has become another one', async () => {
    const small = feedOf(0);
    await append(2);
    for (const one of [small, feed]) one.follow(groupId, () => undefined);
    await small.pageAfter(groupId, 0n);
    await small.pageAfter(groupId, 0n);
    expect(reads).toBe(2);
    await feed.pageAfter(groupId, 0n);
    feed.forget(groupId);
    await feed.pageAfter(groupId, 0n);
    expect(reads).toBe(4);
  });
});

describe('a response that many streams get', () => {
  it('is encoded once, others each time, and all as the generated code would', () => {
    const { responseSerialize } = shareEncodings(delivery.DeliveryServiceService).subscribe;
    const entries: delivery.SubscribeResponse = {
      response: { $case: 'entries', value: { groupId, entries: [] } },
    };
    const pong: delivery.SubscribeResponse = { response: { $case: 'pong', value: { token: 7n } } };
    expect(responseSerialize(entries)).toBe(responseSerialize(entries));
    expect(responseSerialize({ ...entries })).not.toBe(responseSerialize(entries));
    expect(responseSerialize(pong)).not.toBe(responseSerialize(pong));
    for (const response of [entries, pong]) {
      expect(delivery.SubscribeResponse.decode(responseSerialize(response))).toEqual(
        delivery.SubscribeResponse.decode(delivery.SubscribeResponse.encode(response).finish()),
      );
    }
  });
});
