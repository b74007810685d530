/**
 * What a list of proposals makes of a group (RFC 9420 §12.3).
 *
 * @module
 */

import type { Extension } from '../extensions/extension.ts';
import type { KeyPackage } from '../key-packages/key-package.ts';
import type { PreSharedKeyID } from '../schedule/psk.ts';
import type { LeafNode } from '../tree/leaf-node.ts';
import type { LeafIndex } from '../tree/math.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import type { ReInit } from './proposal.ts';

/** A client that a list adds. */
export interface AddedMember {
  readonly leafIndex: LeafIndex;
  readonly keyPackage: KeyPackage;
}

/** A member that a list updates or removes, with the leaf it had. */
export interface ChangedMember {
  readonly leafIndex: LeafIndex;
  readonly before: LeafNode;
}

/** The outcome of a list, before the committer's path. */
export interface AppliedProposals {
  readonly tree: RatchetTree;
  readonly extensions: readonly Extension[];
  readonly extensionsChanged: boolean;
  readonly added: readonly AddedMember[];
  readonly updated: readonly ChangedMember[];
  readonly removed: readonly ChangedMember[];
  readonly psks: readonly PreSharedKeyID[];
  readonly kemOutput: Uint8Array | undefined;
  readonly reinit: ReInit | undefined;
}
