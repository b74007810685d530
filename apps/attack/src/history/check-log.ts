/**
 * What was accepted is in the log, once, for everybody in the same place.
 *
 * @module
 */
import type { Append } from './event.ts';
import type { GroupHistory, Sight } from './group-history.ts';
import type { Rule, Violation } from './violation.ts';

/** Checks the log of one group against everything that anybody was told. */
export function checkLog(history: GroupHistory): readonly Violation[] {
  return [
    ...checkHoles(history),
    ...checkDuplicates(history),
    ...history.sights.flatMap((sight) => checkSight(history, sight)),
    ...checkOrigins(history),
    ...history.appends.flatMap((append) => checkRefused(history, append)),
    ...checkTime(history),
  ];
}

function checkHoles({ log, group }: GroupHistory): readonly Violation[] {
  return log.flatMap(({ sequence }, index) => {
    if (sequence === BigInt(index + 1)) return [];
    const detail = `group ${group}: ${sequence} stands where ${index + 1} should`;
    return [{ rule: 'no-hole' as const, detail, excerpt: [] }];
  });
}

function checkDuplicates({ log, group, attempts }: GroupHistory): readonly Violation[] {
  return [...Map.groupBy(log, ({ hash }) => hash)].flatMap(([hash, entries]) => {
    if (entries.length === 1) return [];
    const places = entries.map(({ sequence }) => sequence).join(' and ');
    const detail = `group ${group}: the same message stands at ${places}`;
    return [{ rule: 'no-duplicate' as const, detail, excerpt: attempts.get(hash) ?? [] }];
  });
}

/** A sight that the final log does not have: of an acknowledged entry it is a loss, of another one a second order. */
function checkSight({ bySequence, group }: GroupHistory, { entry, event }: Sight): readonly Violation[] {
  const logged = bySequence.get(entry.sequence);
  const isSame = logged?.hash === entry.hash && logged.kind === entry.kind && logged.epoch === entry.epoch;
  if (isSame) return [];
  const rule: Rule =
    event.kind === 'append' && event.outcome.outcome === 'accepted' ? 'nothing-lost' : 'one-order';
  const found = logged === undefined ? 'nothing is there' : `${logged.kind} ${logged.hash} is there`;
  const detail = `group ${group}: ${entry.kind} ${entry.hash} was at ${entry.sequence}, but in the end ${found}`;
  return [{ rule, detail, excerpt: [event] }];
}

function checkOrigins({ log, attempts, sights, group }: GroupHistory): readonly Violation[] {
  const seen = Map.groupBy(sights, ({ entry }) => entry.hash);
  return log.flatMap((entry) => {
    const sent =
      attempts
        .get(entry.hash)
        ?.filter((one) => one.entry.kind === entry.kind && one.entry.epoch === entry.epoch) ?? [];
    const first = Math.min(...sent.map(({ start }) => start));
    const early = seen.get(entry.hash)?.find(({ event }) => event.end < first);
    if (sent.length > 0 && early === undefined) return [];
    const detail = `group ${group}: the ${entry.kind} at ${entry.sequence} was not sent before it was there`;
    return [
      { rule: 'nothing-from-nowhere' as const, detail, excerpt: early === undefined ? [] : [early.event] },
    ];
  });
}

/** Both answers are for good: what loses its epoch or is malformed stays so. */
function checkRefused({ byHash, group }: GroupHistory, append: Append): readonly Violation[] {
  const { outcome, entry } = append;
  if (outcome.outcome !== 'conflict' && outcome.outcome !== 'rejected') return [];
  const logged = byHash.get(entry.hash);
  if (logged === undefined) return [];
  const detail = `group ${group}: a ${entry.kind} was answered "${outcome.outcome}", but stands at ${logged.sequence}`;
  return [{ rule: 'refused-is-not-logged', detail, excerpt: [append] }];
}

interface Placed {
  readonly append: Append;
  readonly sequence: bigint;
  /** When the first attempt to send it began. */
  readonly sentAt: number;
}

/** Goes through the accepted ones in the order of the log, and looks for one that was sent after a later one was there. */
function checkTime({ appends, attempts, group }: GroupHistory): readonly Violation[] {
  const placed = appends.flatMap((append): readonly Placed[] => {
    const { outcome, entry } = append;
    if (outcome.outcome !== 'accepted') return [];
    const sentAt = Math.min(...(attempts.get(entry.hash) ?? []).map(({ start }) => start));
    return [{ append, sequence: outcome.sequence, sentAt }];
  });
  const violations: Violation[] = [];
  let earliest: Placed | undefined;
  // From the end of the log: `earliest` is the one, of all later entries, that was there first.
  for (const one of placed.toSorted((left, right) => Number(right.sequence - left.sequence))) {
    if (earliest !== undefined && earliest.sequence > one.sequence && earliest.append.end < one.sentAt) {
      const detail = `group ${group}: ${one.sequence} was sent after ${earliest.sequence} had been accepted`;
      violations.push({ rule: 'order-of-time', detail, excerpt: [earliest.append, one.append] });
    }
    if (earliest === undefined || one.append.end < earliest.append.end) earliest = one;
  }
  return violations;
}
