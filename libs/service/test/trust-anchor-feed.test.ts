import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  createLogger,
  startTrustAnchorFeed,
  type OfferedTrustAnchors,
  type TrustAnchorFeed,
} from '../src/index.ts';

const ANCHORS = { domain: 'example.com', anchors: [Uint8Array.of(1)], intermediates: [] };

let offered: OfferedTrustAnchors | undefined;
let accepted: bigint[];
let asked: bigint[];
let isMalformed: boolean;
let feed: TrustAnchorFeed;

beforeEach(async () => {
  [offered, accepted, asked, isMalformed] = [{ ...ANCHORS, version: 7n }, [], [], false];
  feed = startTrustAnchorFeed({
    domain: 'example.com',
    fetch: (known) => {
      asked.push(known);
      return offered === undefined ? Promise.reject(new Error('away')) : Promise.resolve(offered);
    },
    accept: ({ version }) => {
      if (isMalformed) throw new Error('no certificate');
      accepted.push(version);
    },
    intervalMs: 3_600_000,
    log: createLogger({ service: 'feed', level: 'silent' }),
  });
  await feed.refresh();
  [accepted, asked] = [[], []];
});

afterEach(() => feed.stop());

it('asks for anchors that are newer than those that were taken', async () => {
  offered = { ...ANCHORS, version: 8n };
  await feed.refresh();
  await feed.refresh();
  expect([asked, accepted]).toEqual([
    [7n, 8n],
    [8n, 8n],
  ]);
});

it.each([
  ['for another domain', (): void => void (offered = { ...ANCHORS, domain: 'example.org', version: 8n })],
  ['that are malformed', (): void => void (isMalformed = true)],
  ['that could not be fetched', (): void => void (offered = undefined)],
])('does not count anchors %s as known, and takes the next good ones', async (_, spoil) => {
  spoil();
  await feed.refresh();
  expect(accepted).toEqual([]);
  [offered, isMalformed] = [{ ...ANCHORS, version: 9n }, false];
  await feed.refresh();
  expect([asked, accepted]).toEqual([[7n, 7n], [9n]]);
});
