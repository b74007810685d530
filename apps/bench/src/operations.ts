/**
 * What is measured: the operations, the trees they run on, and what is aimed at.
 *
 * @module
 */

/** The operations, in the order of the table. */
export const operationNames = [
  'key-package',
  'create-group',
  'commit-create',
  'commit-process-near',
  'commit-process-far',
  'add-create',
  'add-process',
  'join',
  'remove-create',
  'remove-process',
  'commit-10-references-create',
  'commit-10-references-process',
  'external-join',
  'external-join-process',
  'protect-100',
  'unprotect-100',
  'protect-10240',
  'unprotect-10240',
  'save-message',
  'save-commit',
  'load',
] as const;

/** The name of an operation. */
export type OperationName = (typeof operationNames)[number];

/**
 * How the tree of a group came about. `fresh`: all were added by one commit. `warm`: every member has committed since.
 * `unmerged`: all but two members are unmerged leaves of every node above them.
 */
export type TreeKind = 'fresh' | 'warm' | 'unmerged';

/** What else is measured: in bytes. */
export const sizeNames = ['commit', 'welcome', 'tree', 'memory-per-member'] as const;

/** The name of a size. */
export type SizeName = (typeof sizeNames)[number];

/** One measured operation of one library. Times are medians. */
export interface OperationRow {
  readonly name: OperationName;
  readonly tree: TreeKind;
  readonly members: number;
  readonly suite: number;
  /** The library with its version, Canopy's with its back end; or `floor` with that. */
  readonly peer: string;
  readonly microseconds: number;
  /** How often it was run. */
  readonly runs: number;
  /** How many times as long as the floor of its back end (`node:crypto` for other libraries); absent where that was not measured. */
  readonly floorRatio?: number;
  /** How many times faster than the stable ts-mls in the same run; absent where that cannot do it. */
  readonly ratio?: number;
  /** What is aimed at, for Canopy's rows with a target. */
  readonly target?: Target;
}

/** An aim; each part that is there has to hold. */
export interface Target {
  /** At least this many times faster than the stable ts-mls. */
  readonly ratio?: number;
  /** At most this many times as long as the floor. */
  readonly floorRatio?: number;
  /** At most this many times as long as the same with a tenth of the members. */
  readonly growth?: number;
}

/** One measured size. */
export interface SizeRow {
  readonly name: SizeName;
  readonly tree: TreeKind;
  readonly members: number;
  readonly suite: number;
  readonly peer: string;
  readonly bytes: number;
}

/** Something that a library was not measured at, and why. */
export interface LeftOut {
  readonly name: OperationName | SizeName | 'all';
  readonly tree?: TreeKind;
  readonly members: number;
  readonly suite: number;
  readonly peer: string;
  readonly reason: string;
}

/** What one run of the benchmark found: the content of `--json`. */
export interface BenchmarkResult {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly node: string;
    readonly openssl: string;
    readonly date: string;
    /** The back ends that Canopy was measured on, with commas between. */
    readonly backEnd: string;
    /** All libraries in the run, with their versions. */
    readonly peers: readonly string[];
  };
  readonly operations: readonly OperationRow[];
  readonly sizes: readonly SizeRow[];
  readonly leftOut: readonly LeftOut[];
}
