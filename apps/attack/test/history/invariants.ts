/**
 * The invariants of the services' contract that a history can show, each with a proof that it was put to the test at all.
 *
 * @module
 */
import { expect, it } from '@jest/globals';
import type { HistoryEvent } from '../../src/history/event.ts';
import { countOutcomes, type Verdict } from '../../src/history/run.ts';
import { RULES_OF_INVARIANT, type Violation } from '../../src/history/violation.ts';

function violationsOf(
  { violations }: Verdict,
  invariant: keyof typeof RULES_OF_INVARIANT,
): readonly Violation[] {
  const rules: readonly string[] = RULES_OF_INVARIANT[invariant];
  return violations.filter(({ rule }) => rules.includes(rule));
}

function count({ history }: Verdict, kind: HistoryEvent['kind'], outcome: string): number {
  return countOutcomes(history.events, kind).get(outcome) ?? 0;
}

/** Defines one test an invariant, about a run that is over when the tests begin. */
export function describeInvariants(verdict: () => Verdict): void {
  it('invariant 1: accepts at most one commit for an epoch, whatever the concurrency, retries and restarts', () => {
    expect(violationsOf(verdict(), 1)).toEqual([]);
    const commits = [...verdict().history.logs.values()].flat().filter(({ kind }) => kind === 'commit');
    expect(commits.length).toBeGreaterThanOrEqual(10);
    expect(count(verdict(), 'append', 'conflict')).toBeGreaterThanOrEqual(10);
    const receipts = verdict().history.events.flatMap((event) =>
      event.kind === 'read' ? event.receipts : [],
    );
    expect(receipts.length).toBeGreaterThanOrEqual(10);
  });

  it('invariant 2: gives what was accepted to every reader, once, in the same order', () => {
    expect(violationsOf(verdict(), 2)).toEqual([]);
    expect(count(verdict(), 'append', 'accepted')).toBeGreaterThanOrEqual(100);
    expect(count(verdict(), 'read', 'done')).toBeGreaterThanOrEqual(100);
  });

  it('invariant 3: hands a KeyPackage out at most once', () => {
    expect(violationsOf(verdict(), 3)).toEqual([]);
    expect(count(verdict(), 'claim', 'answered')).toBeGreaterThanOrEqual(50);
    expect(count(verdict(), 'publish', 'stored')).toBeGreaterThanOrEqual(50);
  });

  it('invariant 5: loses no acknowledged write', () => {
    expect(violationsOf(verdict(), 5)).toEqual([]);
    expect(verdict().history.isStockDrained && verdict().history.areMailboxesSettled).toBe(true);
    expect(count(verdict(), 'fault', 'done')).toBeGreaterThanOrEqual(1);
    expect(count(verdict(), 'useOnce', 'got')).toBeGreaterThanOrEqual(10);
  });

  it('invariant 6: answers with typed errors whatever happens', () => {
    expect(violationsOf(verdict(), 6)).toEqual([]);
  });
}
