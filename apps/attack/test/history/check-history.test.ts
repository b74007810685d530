import { describe, expect, it } from '@jest/globals';
import { checkHistory } from '../../src/history/check-history.ts';
import type { History, HistoryEvent, SeenEntry } from '../../src/history/event.ts';
import { RULES, RULES_OF_INVARIANT, type Rule } from '../../src/history/violation.ts';
import {
  accepted,
  append,
  BOB,
  C0,
  C1,
  claim,
  entry,
  goodEvents,
  groupInfo,
  historyOf,
  LATE,
  LOG,
  M1,
  mailbox,
  P1,
  publish,
  read,
  receipt,
  use,
} from './good-history.ts';

/** The good history with something that must not be. */
function withEvents(...events: readonly HistoryEvent[]): History {
  return historyOf([...goodEvents(), ...events]);
}

function withLog(...log: readonly SeenEntry[]): History {
  return historyOf(goodEvents(), log);
}

function without(isGone: (event: HistoryEvent) => boolean): History {
  return historyOf(goodEvents().filter((event) => !isGone(event)));
}

const end = [50, 51] as const;
const other = { kind: 'commit', epoch: 1n, hash: 'other' } as const;

/** Histories that must fail, each by the rule that it is planted for; whether a stream goes on is seen by who waits for it. */
const planted: Record<Exclude<Rule, 'stream-goes-on'>, Readonly<Record<string, History>>> = {
  'one-commit-per-epoch': {
    'two commits accepted for one epoch': withEvents(append(end, other, accepted(6n))),
    'two commits of one epoch in the log': withLog(...LOG, entry(6n, 'commit', 1n, 'other')),
    'a commit of an epoch that has not begun': withLog(M1, C0, LATE, P1, { ...C1, epoch: 2n }),
    'a proposal of an epoch that is over': withLog(M1, C0, LATE, { ...P1, epoch: 0n }, C1),
    'a message of an epoch that has not begun': withLog(M1, { ...LATE, sequence: 2n, epoch: 1n }, C0),
  },
  'conflict-names-the-winner': {
    'the loser is told another winner': withEvents(
      append(end, other, { outcome: 'conflict', currentEpoch: 2n, winner: 'c0', entries: [] }),
    ),
    'the loser is told its own epoch': withEvents(
      append(end, other, { outcome: 'conflict', currentEpoch: 1n, winner: 'c1', entries: [] }),
    ),
  },
  'receipts-agree': {
    'two receipts for one epoch': withEvents(
      append(end, other, accepted(5n, receipt(1n, 'other', 5n, 'receipt-c0'))),
    ),
    'a reader is given another receipt than the sender': withEvents(
      read(end, {
        epoch: 1n,
        after: 4n,
        entries: [C1],
        receipts: [{ ...receipt(1n, 'c1', 5n, 'receipt-c0'), hash: 'second' }],
      }),
    ),
    'a receipt for another commit': withEvents(
      append(end, C1, accepted(5n, receipt(1n, 'c0', 5n, 'receipt-c0'))),
    ),
    'a receipt for another place': withEvents(
      append(end, C1, accepted(5n, receipt(1n, 'c1', 4n, 'receipt-c0'))),
    ),
    'a receipt that does not follow': withEvents(
      append(end, C1, accepted(5n, receipt(1n, 'c1', 5n, 'else'))),
    ),
  },
  'no-hole': {
    'a number is left out': withLog(M1, C0, LATE, P1, { ...C1, sequence: 6n }),
    'a number stands twice': withLog(M1, C0, LATE, { ...P1, sequence: 3n }, C1),
  },
  'no-duplicate': { 'a retry was logged again': withLog(...LOG, { ...M1, sequence: 6n }) },
  'one-order': {
    'a reader saw two entries the other way round': withEvents(
      read(end, { epoch: 1n, after: 2n, entries: [{ ...P1, sequence: 3n }, { ...LATE, sequence: 4n }, C1] }),
    ),
    'a reader saw what is gone': withEvents(
      read(end, { epoch: 2n, after: 5n, entries: [entry(6n, 'application', 2n, 'gone')] }),
    ),
    'a reader saw it as of another epoch': withEvents(
      read(end, { epoch: 2n, after: 4n, entries: [{ ...C1, epoch: 0n }] }),
    ),
    'a conflict showed another entry': withEvents(
      append(end, other, {
        outcome: 'conflict',
        currentEpoch: 2n,
        winner: 'c1',
        entries: [{ ...M1, sequence: 5n }],
      }),
    ),
  },
  'nothing-lost': {
    'an accepted message is not in the log': withEvents(
      append(end, { kind: 'application', epoch: 2n, hash: 'lost' }, accepted(6n)),
    ),
    'an accepted message stands elsewhere': withEvents(append(end, LATE, accepted(4n))),
    'the whole log is gone': withLog(),
    'the group is gone': { ...historyOf(goodEvents()), logs: new Map() },
  },
  'nothing-from-nowhere': {
    'nobody sent it': withLog(...LOG, entry(6n, 'application', 2n, 'nobody')),
    'it was sent as something else': withLog(M1, C0, LATE, { ...P1, kind: 'application' }, C1),
    'it was seen before it was sent': withEvents(
      read([0.1, 0.2], { epoch: 0n, after: 0n, entries: [M1] }, false),
    ),
  },
  'refused-is-not-logged': {
    'the loser of a race is in the log': withEvents(
      append(end, LATE, { outcome: 'conflict', currentEpoch: 1n, winner: 'c0', entries: [] }),
    ),
    'what was rejected is in the log': withEvents(
      append(end, P1, { outcome: 'rejected', reason: 'MALFORMED' }),
    ),
  },
  'order-of-time': {
    'a later message stands before an earlier one': historyOf(
      [
        append([1, 2], { kind: 'application', epoch: 0n, hash: 'first' }, accepted(2n)),
        append([3, 4], { kind: 'application', epoch: 0n, hash: 'second' }, accepted(1n)),
      ],
      [entry(1n, 'application', 0n, 'second'), entry(2n, 'application', 0n, 'first')],
    ),
  },
  'visible-in-order': {
    'a reader misses what was accepted': withEvents(
      read(end, { epoch: 1n, after: 0n, entries: [M1, C0, LATE, P1] }),
    ),
    'a reader misses what another one has seen': withEvents(
      read([11.1, 11.2], { epoch: 0n, after: 0n, entries: [M1] }),
    ),
  },
  'page-without-hole': {
    'a hole after the cursor': withEvents(read(end, { epoch: 1n, after: 1n, entries: [LATE, P1, C1] })),
    'an entry twice at the seam': withEvents(
      read(end, { epoch: 1n, after: 2n, entries: [C0, LATE, P1, C1] }),
    ),
    'a hole in the middle': withEvents(read(end, { epoch: 1n, after: 2n, entries: [LATE, C1] })),
  },
  'group-info-fits': {
    'the GroupInfo of the epoch before': withEvents(groupInfo(end, 2n, 'info-c0')),
    'the GroupInfo of the loser': withEvents(groupInfo(end, 1n, 'info-loser')),
  },
  'welcome-once': {
    'a Welcome is lost': without(({ kind }) => kind === 'mailbox'),
    'a Welcome comes twice': withEvents(
      mailbox(end, [
        [1n, 2n],
        [2n, 2n],
      ]),
    ),
    'a Welcome of no commit': withEvents(
      mailbox(end, [
        [1n, 2n],
        [2n, 5n],
      ]),
    ),
    'a mailbox out of order': withEvents(
      mailbox(end, [
        [2n, 2n],
        [1n, 5n],
      ]),
    ),
  },
  'single-use': { 'two claims got the same': withEvents(claim(end, 'claim-3', ['kp1'])) },
  'claim-repeats': {
    'a repeated claim got another one': withEvents(publish(end, 'kp3'), claim([52, 53], 'claim-1', ['kp3'])),
    'a repeated claim got nothing': withEvents(claim(end, 'claim-1', [])),
  },
  'stock-not-lost': { 'a stored one is never handed out': withEvents(publish(end, 'kp3')) },
  'stock-from-nowhere': {
    'nobody published it': withEvents(claim(end, 'claim-3', ['kp9'])),
    'another device published it': withEvents(
      { ...publish(end, 'kp4'), device: 'mimi://example.com/d/carol/1' },
      claim([52, 53], 'claim-3', ['kp4']),
    ),
    'it was published later': withEvents(claim(end, 'claim-3', ['kp4']), publish([52, 53], 'kp4')),
  },
  'works-once': { 'a challenge worked twice': withEvents(use(end, 'challenge-1', 'another token')) },
  'typed-answer': {
    'a service did not know what happened to it': withEvents({
      kind: 'surprise',
      client: 'c',
      start: 50,
      end: 51,
      method: 'SendMessage',
      code: 'INTERNAL',
      message: 'incident',
    }),
  },
};

const cases = Object.entries(planted).flatMap(([rule, histories]) =>
  Object.entries(histories).map(([what, history]) => [rule, what, history] as const),
);

describe('the history checker', () => {
  it('finds nothing in a history with races, retries and lost answers in which every promise was kept', () => {
    expect(checkHistory(historyOf(goodEvents()))).toEqual([]);
  });

  it('finds nothing when a repeated claim gets more, since a device that had nothing has something now', () => {
    const more = withEvents(
      publish(end, 'kp3'),
      claim([52, 53], 'empty', []),
      claim([54, 55], 'empty', ['kp3']),
    );
    expect(checkHistory(more)).toEqual([]);
  });

  it('finds nothing when what had no answer was done', () => {
    const perhaps = entry(6n, 'application', 0n, 'perhaps');
    expect(checkHistory(historyOf(goodEvents(), [...LOG, perhaps]))).toEqual([]);
  });

  it.each(cases)('fails by the rule %s when %s', (rule, _, history) => {
    const violations = checkHistory(history);
    expect(violations.map((violation) => violation.rule)).toContain(rule);
    for (const { detail } of violations) expect(detail).not.toBe('');
  });

  it('shows the events that contradict each other, and few others', () => {
    const [violation, ...others] = checkHistory(withEvents(claim(end, 'claim-3', ['kp1'])));
    expect(others).toEqual([]);
    expect(violation?.excerpt.map((event) => event.start)).toEqual([35, 50]);
  });

  it('keeps each rule for an invariant of the contract', () => {
    expect(new Set(Object.values(RULES_OF_INVARIANT).flat())).toEqual(new Set(Object.keys(RULES)));
  });

  it('knows a Welcome only for the devices that the commit adds', () => {
    const carol = { ...mailbox(end, [[1n, 2n]]), device: 'mimi://example.com/d/carol/1' };
    expect(BOB).not.toBe(carol.device);
    expect(checkHistory(withEvents(carol)).map(({ rule }) => rule)).toEqual(['welcome-once']);
  });
});
