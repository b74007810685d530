/**
 * One commit an epoch, never ambiguous.
 *
 * @module
 */
import type { Append, AppendOutcome, Receipt } from './event.ts';
import { endOf, type GroupHistory } from './group-history.ts';
import type { Violation } from './violation.ts';

type Accepted = Extract<AppendOutcome, { readonly outcome: 'accepted' }>;

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
    const winner = history.log.find(({ kind, epoch }) => kind === 'commit' && epoch === entry.epoch);
    const isNamed = outcome.winner === '' || outcome.winner === winner?.hash;
    if (outcome.currentEpoch > entry.epoch && isNamed) return [];
    const detail = `group ${history.group}: the loser of epoch ${entry.epoch} was told epoch ${outcome.currentEpoch} and commit ${outcome.winner}`;
    return [{ rule: 'conflict-names-the-winner', detail, excerpt: [append] }];
  });
}

interface Receipted {
  readonly append: Append;
  readonly answer: Accepted;
  readonly receipt: Receipt;
}

function checkReceipts(history: GroupHistory): readonly Violation[] {
  const receipted = history.appends.flatMap((append): readonly Receipted[] => {
    const { outcome: answer } = append;
    if (answer.outcome !== 'accepted' || answer.receipt === undefined) return [];
    return [{ append, answer, receipt: answer.receipt }];
  });
  return receipted.flatMap((one) => {
    const detail = faultOfReceipt(one, receipted);
    if (detail === undefined) return [];
    return [{ rule: 'receipts-agree', detail: `group ${history.group}: ${detail}`, excerpt: [one.append] }];
  });
}

function faultOfReceipt(
  { append, answer, receipt }: Receipted,
  all: readonly Receipted[],
): string | undefined {
  const { epoch, commitHash, sequence, previous } = receipt;
  if (commitHash !== append.entry.hash || epoch !== append.entry.epoch || sequence !== answer.sequence) {
    return `the receipt of epoch ${epoch} is not for the commit that it was given for`;
  }
  if (all.some((other) => other.receipt.epoch === epoch && other.receipt.commitHash !== commitHash)) {
    return `two receipts for epoch ${epoch}`;
  }
  const before = all.find((other) => other.receipt.epoch === epoch - 1n)?.receipt.hash;
  return before === undefined || before === previous
    ? undefined
    : `the receipt of epoch ${epoch} does not follow the one of the epoch before`;
}

function checkGroupInfos(history: GroupHistory): readonly Violation[] {
  return history.groupInfos.flatMap((read) => {
    const commit = read.epoch === 0n ? undefined : endOf(history, read.epoch - 1n);
    const hash = commit === undefined ? undefined : history.bySequence.get(commit)?.hash;
    const brought = history.attempts.get(hash ?? '')?.[0]?.groupInfo;
    if (brought === read.hash || (read.epoch === 0n && read.hash === '')) return [];
    const detail = `group ${history.group}: the GroupInfo served for epoch ${read.epoch} is not the one of its commit`;
    return [{ rule: 'group-info-fits' as const, detail, excerpt: [read] }];
  });
}
