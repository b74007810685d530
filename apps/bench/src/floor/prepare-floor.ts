/**
 * The floor of each operation: the primitives that RFC 9420 demands, and nothing around them.
 *
 * @module
 */

import type { OperationName } from '../operations.ts';
import type { PrepareFloor, Shape } from './floor.ts';
import { createCommit, createGroup, processCommit, processExternalCommit } from './plans/commits.ts';
import { createKeyPackage, join, joinExternally } from './plans/joins.ts';
import { protect, unprotect } from './plans/messages.ts';
import { createPrimitives } from './primitives.ts';
import { prepareSteps } from './run-steps.ts';
import type { Step } from './step.ts';
import { loadSodium } from './sodium-native.ts';
import { createSodiumPrimitives } from './sodium-primitives.ts';
import { suiteParameters, type SuiteParameters } from './suites.ts';

type Plan = (suite: SuiteParameters, shape: Shape) => readonly Step[];

/** Saving and loading take no primitives. */
const PLANS: Readonly<Record<OperationName, Plan | undefined>> = {
  'key-package': createKeyPackage,
  'create-group': createGroup,
  'commit-create': createCommit,
  'commit-process-near': processCommit,
  'commit-process-far': processCommit,
  'add-create': createCommit,
  'add-process': processCommit,
  join,
  'remove-create': createCommit,
  'remove-process': processCommit,
  'commit-10-references-create': createCommit,
  'commit-10-references-process': processCommit,
  'external-join': joinExternally,
  'external-join-process': processExternalCommit,
  'protect-100': protect,
  'unprotect-100': unprotect,
  'protect-10240': protect,
  'unprotect-10240': unprotect,
  'save-message': undefined,
  'save-commit': undefined,
  load: undefined,
};

/** Lists the steps of an operation's floor; undefined for one that has none. @throws TypeError when the shape lacks its part */
export function planFloor(operation: OperationName, shape: Shape): readonly Step[] | undefined {
  return PLANS[operation]?.(suiteParameters(shape.suite), shape);
}

/**
 * Prepares the floor of an operation.
 *
 * @throws RangeError for a suite that is unknown, or not one of libsodium's; TypeError as `planFloor`; Error without libsodium
 */
export const prepareFloor: PrepareFloor = (operation, shape, backEnd) => {
  const suite = suiteParameters(shape.suite);
  const steps = planFloor(operation, shape);
  if (steps === undefined) return undefined;
  return backEnd === 'node'
    ? prepareSteps(steps, suite, createPrimitives(suite))
    : prepareSteps(steps, suite, createSodiumPrimitives(suite, loadSodium()));
};
