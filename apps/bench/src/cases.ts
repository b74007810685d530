/**
 * A case: an operation on a tree of a size in a suite. Rows of the same case can be compared.
 *
 * @module
 */

import type { OperationRow } from './operations.ts';

/** What was measured, whoever did it. */
export type MeasuredCase = Pick<OperationRow, 'name' | 'tree' | 'members' | 'suite'>;

/** Gives a key that is the same for the same case. */
export function caseOf({ name, tree, members, suite }: MeasuredCase): string {
  return `${name} ${tree} ${members} ${suite}`;
}
