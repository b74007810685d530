/**
 * One commit an epoch, never ambiguous.
 *
 * @module
 */
import type { Append, Read, Receipt } from './event.ts';
import type { GroupHistory } from './group-history.ts';
import type { Violation } from './violation.ts';

/** Checks the commits of one group. */
export function checkCommits(history: GroupHistory): readonly Violation[] {
  return [
    ...checkEpochsOfLog(history),
    ...checkAcceptedCommits(history),
    ...checkConflicts(history),
    ...checkReceipts(history),
    ...checkGroupInfos(history),
  ];
}

/** In the log itself, the n-th commit ends epoch n, and nothing is there of an epoch that has not begun. */
function checkEpochsOfLog({ log, group, sights }: GroupHistory): readonly Violation[] {
  const violations: Violation[] = [];
  let epoch = 0n;
  for (const entry of log) {
    const fits = entry.kind === 'application' ? entry.epoch <= epoch : entry.epoch === epoch;
    if (!fits) {
      const excerpt = sights.filter((sight) => sight.entry.hash === entry.hash).slice(0, 2);
      violations.push({
        rule: 'one-commit-per-epoch',
        detail: `group ${group}: a ${entry.kind} of epoch ${entry.epoch} stands at ${entry.sequence}, in epoch ${epoch}`,
        excerpt: excerpt.map(({ event }) => event),
      });
    }
    if (entry.kind === 'commit') epoch = entry.epoch + 1n;
  }
  return violations;
}

function checkAcceptedCommits({ appends, group }: GroupHistory): readonly Violation[] {
  const accepted = appends.filter(
    ({ entry, outcome }) => entry.kind === 'commit' && outcome.outcome === 'accepted',
  );
  return [...Map.groupBy(accepted, ({ entry }) => entry.epoch)].flatMap(([epoch, answers]) => {
    const [first, ...others] = answers;
    const other = others.find(({ entry }) => entry.hash !== first?.entry.hash);
    if (first === undefined || other === undefined) return [];
    const detail = `group ${group}: two commits were accepted for epoch ${epoch}`;
    return [{ rule: 'one-commit-per-epoch', detail, excerpt: [first, other] }];
  });
}

function checkConflicts(history: GroupHistory): readonly Violation[] {
  return history.appends.flatMap((append): readonly Violation[] => {
    const { outcome, entry } = append;
    if (outcome.outcome !== 'conflict') return [];
    const winner = history.ends.get(entry.epoch);
    const isNamed = outcome.winner === '' || outcome.winner === winner?.hash;
    if (outcome.currentEpoch > entry.epoch && isNamed) return [];
    const detail = `group ${history.group}: the loser of epoch ${entry.epoch} was told epoch ${outcome.currentEpoch} and commit ${outcome.winner}`;
    return [{ rule: 'conflict-names-the-winner', detail, excerpt: [append] }];
  });
}

interface Receipted {
  readonly event: Append | Read;
  readonly receipt: Receipt;
}

function receiptsOf(event: Append | Read): readonly Receipted[] {
  if (event.kind === 'read') return event.receipts.map((receipt) => ({ event, receipt }));
  const { outcome } = event;
  if (outcome.outcome !== 'accepted' || outcome.receipt === undefined) return [];
  return [{ event, receipt: outcome.receipt }];
}

function checkReceipts(history: GroupHistory): readonly Violation[] {
  const receipted = [...history.appends, ...history.reads].flatMap(receiptsOf);
  const byEpoch = Map.groupBy(receipted, ({ receipt }) => receipt.epoch);
  return receipted.flatMap(({ event, receipt }) => {
    const same = byEpoch.get(receipt.epoch) ?? [];
    const other = same.find((one) => one.receipt.hash !== receipt.hash);
    const before = byEpoch.get(receipt.epoch - 1n)?.find((one) => one.receipt.hash !== receipt.previous);
    const fault = faultOfReceipt(history, receipt, {
      isSecond: other !== undefined,
      isUnlinked: before !== undefined,
    });
    if (fault === undefined) return [];
    const excerpt = [event, ...(other === undefined ? [] : [other.event])];
    return [{ rule: 'receipts-agree' as const, detail: `group ${history.group}: ${fault}`, excerpt }];
  });
}

function faultOfReceipt(
  { bySequence }: GroupHistory,
  { epoch, commitHash, sequence }: Receipt,
  { isSecond, isUnlinked }: { readonly isSecond: boolean; readonly isUnlinked: boolean },
): string | undefined {
  const logged = bySequence.get(sequence);
  const isLogged = logged?.kind === 'commit' && logged.epoch === epoch && logged.hash === commitHash;
  if (!isLogged) return `the receipt of epoch ${epoch} is for a commit that is not at ${sequence}`;
  if (isSecond) return `two receipts for epoch ${epoch}`;
  return isUnlinked ? `the receipt of epoch ${epoch} does not follow the one of the epoch before` : undefined;
}

function checkGroupInfos(history: GroupHistory): readonly Violation[] {
  return history.groupInfos.flatMap((read) => {
    const commit = history.ends.get(read.epoch - 1n);
    const brought = history.attempts.get(commit?.hash ?? '')?.[0]?.groupInfo;
    if (brought === read.hash || (read.epoch === 0n && read.hash === '')) return [];
    const detail = `group ${history.group}: the GroupInfo served for epoch ${read.epoch} is not the one of its commit`;
    return [{ rule: 'group-info-fits' as const, detail, excerpt: [read] }];
  });
}
