/**
 * Proves from a history that every promise was kept, or shows where it was not. Pure: the same history gives the same verdict.
 *
 * What has no answer may have been done or not. It is not asked which, but whether everybody saw the same.
 *
 * @module
 */
import { checkCommits } from './check-commits.ts';
import { checkLog } from './check-log.ts';
import { checkReads } from './check-reads.ts';
import { checkStock } from './check-stock.ts';
import { checkWelcomes } from './check-welcomes.ts';
import type { History, HistoryEvent, SeenEntry, UseOnce } from './event.ts';
import { groupHistory, type GroupHistory } from './group-history.ts';
import type { Violation } from './violation.ts';

/** Checks a whole history. */
export function checkHistory(history: History): readonly Violation[] {
  const groups = groupsOf(history);
  return [
    ...groups.flatMap(checkCommits),
    ...groups.flatMap(checkLog),
    ...groups.flatMap(checkReads),
    ...checkWelcomes(history, groups),
    ...checkStock(history),
    ...checkUses(history.events.filter((event) => event.kind === 'useOnce')),
    ...history.events.flatMap(checkSurprise),
  ];
}

/** Every group that anything happened to, so that a log that is gone is not a group less. */
function groupsOf({ events, logs }: History): readonly GroupHistory[] {
  const touched = events.flatMap((event) => ('group' in event ? [event.group] : []));
  const none: readonly SeenEntry[] = [];
  return [...new Set([...logs.keys(), ...touched])].map((group) =>
    groupHistory(group, events, logs.get(group) ?? none),
  );
}

function checkUses(uses: readonly UseOnce[]): readonly Violation[] {
  return [...Map.groupBy(uses, ({ what, id }) => `${what} ${id}`)].flatMap(([name, same]) => {
    const got = same.filter(({ outcome }) => outcome.outcome === 'got');
    const other = got.find((one) => gotBy(one) !== gotBy(got[0]));
    if (other === undefined) return [];
    const excerpt = [...got.slice(0, 1), other];
    return [{ rule: 'works-once' as const, detail: `${name} worked twice`, excerpt }];
  });
}

function gotBy(use: UseOnce | undefined): string | undefined {
  return use?.outcome.outcome === 'got' ? use.outcome.what : undefined;
}

function checkSurprise(event: HistoryEvent): readonly Violation[] {
  if (event.kind !== 'surprise') return [];
  const detail = `${event.method} answered ${event.code}: ${event.message}`;
  return [{ rule: 'typed-answer', detail, excerpt: [event] }];
}
