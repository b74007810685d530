/**
 * What readers are given: without holes, and never less than what was visible before.
 *
 * @module
 */
import type { Read } from './event.ts';
import type { GroupHistory } from './group-history.ts';
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

/** Goes through the reads by their start, with the highest sequence that anybody knew of by then. */
function checkVisibility(history: GroupHistory): readonly Violation[] {
  const reads = history.reads.filter(({ isEnd }) => isEnd);
  const known = new Known(history);
  return reads
    .toSorted((left, right) => left.start - right.start)
    .flatMap((read) => {
      const highest = known.before(read.start);
      const limit = history.ends.get(read.epoch)?.sequence ?? highest;
      const due = limit < highest ? limit : highest;
      const reached = read.entries.at(-1)?.sequence ?? read.after;
      return reached < due ? [tooShort(history, read, { reached, due })] : [];
    });
}

/** What was known at a time; to be asked with times that grow. */
class Known {
  readonly #sights: readonly { readonly sequence: bigint; readonly end: number }[];
  #highest = 0n;
  #next = 0;

  constructor({ sights }: GroupHistory) {
    this.#sights = sights
      .map(({ entry, event }) => ({ sequence: entry.sequence, end: event.end }))
      .toSorted((left, right) => left.end - right.end);
  }

  /** Gives the highest sequence that anybody had seen or been told of before a time. */
  before(time: number): bigint {
    for (let sight = this.#sights[this.#next]; sight !== undefined && sight.end < time;) {
      if (sight.sequence > this.#highest) this.#highest = sight.sequence;
      this.#next += 1;
      sight = this.#sights[this.#next];
    }
    return this.#highest;
  }
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
