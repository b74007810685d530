/**
 * A small history in which every promise was kept, and pieces to spoil it with.
 *
 * @module
 */
import type {
  Append,
  AppendOutcome,
  Claim,
  History,
  HistoryEvent,
  Publish,
  Read,
  ReadGroupInfo,
  ReadMailbox,
  Receipt,
  SeenEntry,
  UseOnce,
} from '../../src/history/event.ts';

export const GROUP = 'g';
export const BOB = 'mimi://example.com/d/bob/1';

export function entry(sequence: bigint, kind: SeenEntry['kind'], epoch: bigint, hash: string): SeenEntry {
  return { sequence, kind, epoch, hash };
}

export function accepted(sequence: bigint, given?: Receipt): AppendOutcome {
  return { outcome: 'accepted', sequence, alreadyAccepted: false, receipt: given };
}

export function receipt(epoch: bigint, commitHash: string, sequence: bigint, previous: string): Receipt {
  return { epoch, commitHash, sequence, hash: `receipt-${commitHash}`, previous };
}

type Times = readonly [start: number, end: number];

export function append(
  [start, end]: Times,
  sent: Omit<SeenEntry, 'sequence'>,
  outcome: AppendOutcome,
  others: Partial<Append> = {},
): Append {
  const { kind, epoch, hash } = sent;
  const of = {
    group: GROUP,
    requestId: `id-${hash}`,
    recipients: [],
    groupInfo: kind === 'commit' ? `info-${hash}` : '',
  };
  return { kind: 'append', client: 'c', start, end, entry: { kind, epoch, hash }, ...of, outcome, ...others };
}

export function read(
  [start, end]: Times,
  page: Pick<Read, 'epoch' | 'after' | 'entries'> & Partial<Read>,
  isEnd = true,
): Read {
  return { kind: 'read', client: 'r', start, end, group: GROUP, receipts: [], ...page, isEnd };
}

export function groupInfo([start, end]: Times, epoch: bigint, hash: string): ReadGroupInfo {
  return { kind: 'groupInfo', client: 'r', start, end, group: GROUP, epoch, hash };
}

export function publish(
  [start, end]: Times,
  hash: string,
  outcome: Publish['outcome'] = { outcome: 'stored' },
): Publish {
  return { kind: 'publish', client: 'b', start, end, device: BOB, hash, lastResort: false, outcome };
}

export function claim([start, end]: Times, requestId: string, hashes: readonly string[]): Claim {
  const packages = hashes.map((hash) => ({ device: BOB, hash, lastResort: false }));
  return { kind: 'claim', client: 'c', start, end, requestId, outcome: { outcome: 'answered', packages } };
}

export function mailbox([start, end]: Times, places: readonly (readonly [bigint, bigint])[]): ReadMailbox {
  const entries = places.map(([sequence, groupSequence]) => ({ sequence, group: GROUP, groupSequence }));
  return { kind: 'mailbox', client: 'b', start, end, device: BOB, entries };
}

export function use([start, end]: Times, id: string, what: string): UseOnce {
  return {
    kind: 'useOnce',
    client: 'c',
    start,
    end,
    what: 'challenge',
    id,
    outcome: { outcome: 'got', what },
  };
}

export const M1 = entry(1n, 'application', 0n, 'm1');
export const C0 = entry(2n, 'commit', 0n, 'c0');
export const LATE = entry(3n, 'application', 0n, 'late');
export const P1 = entry(4n, 'proposal', 1n, 'p1');
export const C1 = entry(5n, 'commit', 1n, 'c1');
export const LOG = [M1, C0, LATE, P1, C1] as const;

const unknown = { outcome: 'unknown', code: 'UNAVAILABLE' } as const;

/** Two epochs with a race, a lost answer, a retry, a late message, readers, a Welcome, a claim and a challenge. */
export function goodEvents(): readonly HistoryEvent[] {
  const conflict = { outcome: 'conflict', currentEpoch: 1n, winner: 'c0', entries: [M1, C0] } as const;
  return [
    append([1, 4], M1, accepted(1n)),
    append([2, Infinity], LATE, unknown),
    append([5, 8], C0, accepted(2n, receipt(0n, 'c0', 2n, '')), { recipients: [BOB] }),
    append([5, 9], { kind: 'commit', epoch: 0n, hash: 'loser' }, conflict),
    // Nobody knows whether this one was done; it was not.
    append([6, Infinity], { kind: 'application', epoch: 0n, hash: 'perhaps' }, unknown),
    read([3, 10], { epoch: 0n, after: 0n, entries: [M1, C0] }),
    append([11, 14], LATE, { outcome: 'accepted', sequence: 3n, alreadyAccepted: true, receipt: undefined }),
    append([15, 18], P1, accepted(4n)),
    append([19, 22], C1, accepted(5n, receipt(1n, 'c1', 5n, 'receipt-c0'))),
    append([21, 23], C1, { ...accepted(5n, receipt(1n, 'c1', 5n, 'receipt-c0')) }),
    read([20, 24], { epoch: 1n, after: 2n, entries: [LATE, P1] }, false),
    read([25, 26], {
      epoch: 1n,
      after: 4n,
      entries: [C1],
      receipts: [receipt(1n, 'c1', 5n, 'receipt-c0')],
    }),
    // The proof of an epoch that is over opens its last entry and no more: that is the end for it.
    read([27, 28], { epoch: 0n, after: 2n, entries: [] }),
    groupInfo([29, 30], 2n, 'info-c1'),
    mailbox([31, 32], [[1n, 2n]]),
    publish([33, 34], 'kp1'),
    publish([33, Infinity], 'kp2', unknown),
    claim([35, 36], 'claim-1', ['kp1']),
    claim([37, 38], 'claim-1', ['kp1']),
    claim([39, 40], 'claim-2', ['kp2']),
    use([41, 42], 'challenge-1', 'token'),
    { kind: 'fault', client: 'f', start: 6, end: 7, fault: 'SIGKILL delivery-service' },
  ];
}

/** The history of these events. */
export function historyOf(events: readonly HistoryEvent[], log: readonly SeenEntry[] = LOG): History {
  return { events, logs: new Map([[GROUP, log]]), isStockDrained: true, areMailboxesSettled: true };
}
