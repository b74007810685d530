/**
 * What is aimed at: the speed of each operation in suite 1.
 *
 * @module
 */

import type { MeasuredCase } from './cases.ts';
import type { OperationName, Target, TreeKind } from './operations.ts';

/** What is aimed at for an operation: the floor at every size, the rest at some. */
interface Aims {
  readonly trees: readonly TreeKind[];
  readonly floorRatio?: number;
  readonly bySize: ReadonlyMap<number, Omit<Target, 'floorRatio'>>;
}

/** Ten times the members: no slower, as far as one can measure. */
const FLAT = 1.5;
/** Likewise for the commits of a group of 10,000. */
const FLATTER = 1.4;
/** Ten times the members: log N grows from 7 to 10, and a little for what is measured. */
const LOGARITHMIC = 2;
/** Ten times the members: ten times as long, and a little for what is measured. */
const LINEAR = 12;

/** Bytes of memory that a member of a group may take at most, in a state of so many members. */
export const MEMORY_TARGET = { members: 10_000, bytes: 2048 } as const;

const aims: ReadonlyMap<OperationName, Aims> = new Map<OperationName, Aims>([
  ['create-group', { trees: ['fresh'], floorRatio: 1.3, bySize: sizes(12, 5, { growth: LINEAR }) }],
  ['commit-create', warm(1.6, sizes(12, 80, { ratio: 300, growth: FLAT }, { growth: FLATTER }))],
  ['commit-process-near', warm(1.6, sizes(12, 150, { ratio: 500, growth: FLAT }, { growth: FLATTER }))],
  ['commit-process-far', warm(1.6, sizes(12, 150, { ratio: 500, growth: FLAT }, { growth: FLATTER }))],
  ['add-create', warm(1.8, sizes(12, 80, { growth: FLAT }))],
  ['add-process', warm(1.8, sizes(12, 80, { growth: FLAT }))],
  [
    'join',
    { trees: ['warm', 'fresh', 'unmerged'], floorRatio: 1.3, bySize: sizes(10, 20, { growth: LINEAR }) },
  ],
  ['remove-create', warm(1.6, sizes(12, 80, { growth: FLAT }))],
  ['remove-process', warm(1.6, sizes(12, 80, { growth: FLAT }))],
  ['protect-100', warm(1.6, sizes(12, 12, { growth: FLAT }))],
  ['unprotect-100', warm(1.6, sizes(8, 8, { growth: FLAT }))],
  ['save-message', warm(undefined, sizes(undefined, 100, { growth: FLAT }))],
  ['save-commit', warm(undefined, sizes(undefined, 20, { growth: LOGARITHMIC }))],
]);

/** Gives what is aimed at; undefined where nothing is. */
export function targetOf({ name, tree, members, suite }: MeasuredCase): Target | undefined {
  const aim = aims.get(name);
  if (aim === undefined || suite !== 1 || !aim.trees.includes(tree)) return undefined;
  const { floorRatio } = aim;
  const bySize = aim.bySize.get(members);
  if (floorRatio === undefined) return bySize;
  return { ...bySize, floorRatio };
}

function warm(floorRatio: number | undefined, bySize: Aims['bySize']): Aims {
  return { trees: ['warm'], bySize, ...(floorRatio === undefined ? {} : { floorRatio }) };
}

/** Takes the ratio to reach with 2 and with 100 members, and all that is aimed at with 1000 and 10,000. */
function sizes(
  two: number | undefined,
  hundred: number,
  thousand: Omit<Target, 'floorRatio'>,
  tenThousand: Omit<Target, 'floorRatio'> = {},
): Aims['bySize'] {
  return new Map([
    ...(two === undefined ? [] : [[2, { ratio: two }] as const]),
    [100, { ratio: hundred }],
    [1000, thousand],
    [10_000, tenThousand],
  ]);
}
