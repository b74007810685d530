/**
 * Verdicts in words.
 *
 * @module
 */

import { GROWTH_FROM, type FasterPeer, type TargetPart, type Verdict } from '../verdicts.ts';
import { labelOf } from './names.ts';
import { formatBytes, formatCount, formatRatio, formatTime } from './units.ts';

const parts: Readonly<Record<TargetPart, string>> = {
  ratio: 'times faster than ts-mls',
  floorRatio: 'times as long as the floor',
  growth: `times as long as with ${GROWTH_FROM} members`,
  bytes: 'bytes for each member',
};

/** Gives what was aimed at. */
export function describeAim({ part, aim }: Verdict): string {
  const bound = part === 'ratio' ? 'at least' : 'at most';
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
  const times = `${formatTime(other.microseconds)}, Canopy ${formatTime(canopy.microseconds)}`;
  return `${describeSubject({ row: canopy })}: ${other.peer} ${times}`;
}
