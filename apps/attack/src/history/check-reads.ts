/**
 * What readers are given: without holes, and never less than what was visible before.
 *
 * @module
 */
import type { Read } from './event.ts';
import { endOf, type GroupHistory } from './group-history.ts';
import type { Violation } from './violation.ts';

/** Checks all that was read of one group. */
export function checkReads(history: GroupHistory): readonly Violation[] {
  return [...history.reads.flatMap((read) => checkPage(history, read)), ...checkVisibility(history)];
}

function checkPage({ group }: GroupHistory, read: Read): readonly Violation[] {
  const index = read.entries.findIndex(({ sequence }, at) => sequence !== read.after + BigInt(at + 1));
  const wrong = read.entries[index];
  if (wrong === undefined) return [];
  const detail = `group ${group}: after ${read.after} a reader was given ${wrong.sequence} where ${read.after + BigInt(index + 1)} should be`;
  return [{ rule: 'page-without-hole', detail, excerpt: [read] }];
}

interface Known {
  readonly sequence: bigint;
  readonly end: number;
}

/** Goes through the reads by their start, with the highest sequence that anybody knew of by then. */
function checkVisibility(history: GroupHistory): readonly Violation[] {
  const known: Known[] = history.sights
    .map(({ entry, event }) => ({ sequence: entry.sequence, end: event.end }))
    .toSorted((left, right) => left.end - right.end);
  const reads = history.reads
    .filter(({ isEnd }) => isEnd)
    .toSorted((left, right) => left.start - right.start);
  const violations: Violation[] = [];
  let highest = 0n;
  let next = 0;
  for (const read of reads) {
    for (let one = known[next]; one !== undefined && one.end < read.start; one = known[(next += 1)]) {
      if (one.sequence > highest) highest = one.sequence;
    }
    const limit = endOf(history, read.epoch);
    const due = limit !== undefined && limit < highest ? limit : highest;
    const reached = read.entries.at(-1)?.sequence ?? read.after;
    if (reached < due) violations.push(tooShort(history, read, { reached, due }));
  }
  return violations;
}

function tooShort(
  { group, sights }: GroupHistory,
  read: Read,
  { reached, due }: { readonly reached: bigint; readonly due: bigint },
): Violation {
  const before = sights.find(({ entry, event }) => entry.sequence === due && event.end < read.start);
  const excerpt = before === undefined ? [read] : [before.event, read];
  const detail = `group ${group}: a reader was told that ${reached} is the end when ${due} was there`;
  return { rule: 'visible-in-order', detail, excerpt };
}
