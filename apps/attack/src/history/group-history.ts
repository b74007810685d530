/**
 * What a history says about one group, arranged for the rules.
 *
 * @module
 */
import type { Append, HistoryEvent, Read, ReadGroupInfo, SeenEntry } from './event.ts';

/** One sight of one log entry. */
export interface Sight {
  readonly entry: SeenEntry;
  readonly event: Append | Read;
}

/** What happened to one group. */
export interface GroupHistory {
  readonly group: string;
  readonly appends: readonly Append[];
  readonly reads: readonly Read[];
  readonly groupInfos: readonly ReadGroupInfo[];
  /** The whole log at the end. */
  readonly log: readonly SeenEntry[];
  /** The commit that ends each epoch that is over. */
  readonly ends: ReadonlyMap<bigint, SeenEntry>;
  readonly bySequence: ReadonlyMap<bigint, SeenEntry>;
  readonly byHash: ReadonlyMap<string, SeenEntry>;
  /** Every entry that anybody was shown or told of. */
  readonly sights: readonly Sight[];
  /** The attempts to append, by the hash of what was sent. */
  readonly attempts: ReadonlyMap<string, readonly Append[]>;
}

/** Arranges the history of a group. */
export function groupHistory(
  group: string,
  events: readonly HistoryEvent[],
  log: readonly SeenEntry[],
): GroupHistory {
  const appends = events.filter((event) => event.kind === 'append').filter((one) => one.group === group);
  const reads = events.filter((event) => event.kind === 'read').filter((one) => one.group === group);
  const groupInfos = events
    .filter((event) => event.kind === 'groupInfo')
    .filter((one) => one.group === group);
  return {
    group,
    appends,
    reads,
    groupInfos,
    log,
    ends: new Map(log.filter(({ kind }) => kind === 'commit').map((entry) => [entry.epoch, entry])),
    bySequence: new Map(log.map((entry) => [entry.sequence, entry])),
    byHash: new Map(log.map((entry) => [entry.hash, entry])),
    sights: [...appends.flatMap(sightsOfAppend), ...reads.flatMap(sightsOfRead)],
    attempts: Map.groupBy(appends, ({ entry }) => entry.hash),
  };
}

function sightsOfRead(event: Read): readonly Sight[] {
  return event.entries.map((entry) => ({ entry, event }));
}

function sightsOfAppend(event: Append): readonly Sight[] {
  const { outcome, entry } = event;
  if (outcome.outcome === 'accepted') return [{ entry: { ...entry, sequence: outcome.sequence }, event }];
  return outcome.outcome === 'conflict' ? outcome.entries.map((seen) => ({ entry: seen, event })) : [];
}
