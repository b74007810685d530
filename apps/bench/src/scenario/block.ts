/**
 * A block of the scenario: operations that follow from each other. A library that fails in one is measured in the others.
 *
 * @module
 */

import type { OperationName, TreeKind } from '../operations.ts';
import type { Company } from './company.ts';
import type { Measurement } from './measurement.ts';

/** Operations that are measured together. */
export interface Block {
  readonly name: string;
  readonly tree: TreeKind;
  readonly operations: readonly OperationName[];
  /** The fewest members that it can be played with. */
  readonly fewest: number;
  /** Plays it once. It leaves the warm group as it was: with the same members, in a warm tree. */
  play(company: Company, measurement: Measurement): Promise<void>;
}
