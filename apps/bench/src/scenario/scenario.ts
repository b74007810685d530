/**
 * What a run of the scenario is asked for, and what it finds.
 *
 * @module
 */

import type { LeftOut, OperationName, SizeRow, TreeKind } from '../operations.ts';
import type { Shape } from '../floor/floor.ts';
import type { Peer } from '../peers/peer.ts';

/** One group that is played in: by everybody or, where it is too big for others, by Canopy alone. */
export interface Setting {
  readonly suite: number;
  readonly members: number;
  readonly trees: readonly TreeKind[];
  readonly players: 'all' | 'canopy';
  /** How many cycles a library gets at most. */
  readonly cycles: number;
}

/** What a run of the scenario is asked for. */
export interface ScenarioOptions {
  /** Canopy, once on each back end. */
  readonly canopies: readonly Peer[];
  /** The other libraries; in each cycle all of them have their turn. */
  readonly peers: readonly Peer[];
  /** Played one after another; the groups of a suite from small to big. */
  readonly settings: readonly Setting[];
  /** A library that has used up this time in a setting gets no further cycle, once it has had enough of them. */
  readonly secondsPerLibrary: number;
  /** A library that needed longer than this for an operation is not asked for it in bigger groups. */
  readonly maximumSeconds: number;
}

/** One measured run of one operation. */
export interface Sample {
  readonly operation: OperationName;
  readonly tree: TreeKind;
  readonly members: number;
  readonly suite: number;
  /** The library with its version. */
  readonly peer: string;
  readonly nanoseconds: bigint;
}

/** The sizes of one operation, for the floor. */
export interface ShapeOf {
  readonly operation: OperationName;
  readonly tree: TreeKind;
  readonly members: number;
  readonly suite: number;
  readonly shape: Shape;
}

/** What a run of the scenario finds, in the order in which it finds it. */
export type Found =
  /** A setting begins. Its shapes follow before anything is measured. */
  | { readonly kind: 'setting'; readonly setting: Setting }
  | { readonly kind: 'shape'; readonly shape: ShapeOf }
  | { readonly kind: 'sample'; readonly sample: Sample }
  | { readonly kind: 'size'; readonly size: SizeRow }
  | { readonly kind: 'left-out'; readonly leftOut: LeftOut }
  /** All libraries have had a turn: the moment for a turn of the floor. */
  | { readonly kind: 'cycle'; readonly setting: Setting; readonly cycle: number };

/** Names a library as tables do. */
export function nameOf({ name, version }: Pick<Peer, 'name' | 'version'>): string {
  return `${name} ${version}`;
}
