/**
 * What must not have happened: the rules that a history is checked by, and what breaks one.
 *
 * @module
 */
import type { HistoryEvent } from './event.ts';

/** The rules, and what each says. */
export const RULES = {
  'one-commit-per-epoch': 'each epoch of a group is ended by one commit, and everybody is told the same one',
  'conflict-names-the-winner': 'who loses is told a later epoch and the commit that really won',
  'receipts-agree': 'there is one receipt for an epoch, for the commit in the log, linked to the one before',
  'no-hole': 'sequence numbers are 1, 2, 3 … without holes',
  'no-duplicate': 'nothing is in a log twice',
  'one-order': 'whoever sees a sequence number sees the same entry there',
  'nothing-lost': 'what was answered "accepted" is in the log, where the answer said',
  'nothing-from-nowhere': 'what is in a log was sent to it before anybody saw it',
  'refused-is-not-logged': 'what was answered "conflict" or "rejected" is not in the log',
  'order-of-time': 'what was accepted before another was sent stands before it',
  'visible-in-order': 'who reads to the end sees all that somebody has seen or was told before',
  'page-without-hole': 'what a reader is given begins right after its cursor and goes on without holes',
  'stream-goes-on': 'a stream comes to the end of every log that it follows',
  'group-info-fits': 'the GroupInfo of an epoch is the one that came with the commit that began it',
  'welcome-once': 'a Welcome of an accepted commit is in each mailbox once, and no other is',
  'single-use': 'a KeyPackage other than the last resort is handed out for one claim only',
  'claim-repeats': 'a repeated claim gives the same KeyPackages',
  'stock-not-lost': 'a stored KeyPackage is handed out in the end',
  'stock-from-nowhere': 'what is handed out was published, by that device',
  'works-once': 'a challenge or a code works once',
  'typed-answer': 'no service answers INTERNAL or UNKNOWN',
} as const;

/** A rule by its name. */
export type Rule = keyof typeof RULES;

/** Which rules together say what an invariant of the services' contract says (its section 8). */
export const RULES_OF_INVARIANT = {
  1: ['one-commit-per-epoch', 'conflict-names-the-winner', 'receipts-agree', 'group-info-fits'],
  2: [
    'no-hole',
    'no-duplicate',
    'one-order',
    'nothing-lost',
    'nothing-from-nowhere',
    'refused-is-not-logged',
    'order-of-time',
    'visible-in-order',
    'page-without-hole',
    'stream-goes-on',
  ],
  3: ['single-use', 'claim-repeats', 'stock-from-nowhere'],
  5: ['nothing-lost', 'stock-not-lost', 'welcome-once', 'works-once'],
  6: ['typed-answer'],
} as const satisfies Record<number, readonly Rule[]>;

/** A rule that the history breaks, with as little of it as shows that. */
export interface Violation {
  readonly rule: Rule;
  readonly detail: string;
  readonly excerpt: readonly HistoryEvent[];
}
