/**
 * Verdicts in words.
 *
 * @module
 */

import { backEndLabels, backEndOf } from '../libraries.ts';
import type { FasterPeer, Judgement, TargetPart, Verdict } from '../verdicts.ts';
import { labelOf } from './names.ts';
import { formatBytes, formatCount, formatRatio, formatTime } from './units.ts';

const parts: Readonly<Record<Exclude<TargetPart, 'growth'>, string>> = {
  ratio: 'times faster than ts-mls',
  floorRatio: 'times as long as the floor',
  bytes: 'bytes for each member',
};

/** Gives what was aimed at. */
export function describeAim({ row, part, aim }: Verdict): string {
  const bound = part === 'ratio' ? 'at least' : 'at most';
  if (part === 'growth') return `${bound} ${aim} times as long as with ${row.members / 10} members`;
  return part === 'bytes' ? `${bound} ${formatCount(aim)} ${parts.bytes}` : `${bound} ${aim} ${parts[part]}`;
}

/** Gives what was found. */
export function describeFound(verdict: Verdict): string {
  if (verdict.outcome === 'not measured') return verdict.outcome;
  return verdict.part === 'bytes' ? formatBytes(verdict.found) : formatRatio(verdict.found);
}

/** Gives what a verdict is about. */
export function describeSubject({ row }: Pick<Verdict, 'row'>): string {
  return `${labelOf(row.name)}, ${row.members} members, ${row.tree} tree, suite ${row.suite}`;
}

/** Gives a verdict in one line. */
export function describeVerdict(verdict: Verdict): string {
  return `${verdict.outcome}: ${describeSubject(verdict)}: ${describeFound(verdict)}; aim: ${describeAim(verdict)}`;
}

/** Gives in one line where another library was faster. */
export function describeFasterPeer({ canopy, other }: FasterPeer): string {
  const backEnd = backEndOf(canopy.peer);
  const own = backEnd === undefined ? 'Canopy' : `Canopy on ${backEndLabels[backEnd]}`;
  const times = `${formatTime(other.microseconds)}, ${own} ${formatTime(canopy.microseconds)}`;
  return `${describeSubject({ row: canopy })}: ${other.peer} ${times}`;
}

/** Counts verdicts in words. */
export function countOutcomes(verdicts: readonly Verdict[]): string {
  const count = (outcome: Verdict['outcome']): number =>
    verdicts.filter((verdict) => verdict.outcome === outcome).length;
  return `${count('met')} met, ${count('missed')} missed, ${count('not measured')} not measured`;
}

/** Counts the verdicts on each back end by itself; nothing when there is only one. */
export function outcomesByBackEnd(judgements: readonly Judgement[]): readonly string[] {
  const byPeer = Map.groupBy(
    judgements.flatMap(({ all }) => all),
    ({ row }) => row.peer,
  );
  if (byPeer.size < 2) return [];
  return Array.from(byPeer, ([peer, verdicts]) => `${peer} by itself: ${countOutcomes(verdicts)}`);
}
