/**
 * A staged commit as bytes: what it changes, to be put on top of the state that it was staged in.
 *
 * Messages and proposals go on arriving while a commit is under way. So what is stored is the difference only, and it is
 * joined with the live state when it is read: what moved meanwhile is not undone (R6.3.1-05).
 *
 * @module
 */

import { decode, encode, opaque, optional, struct, uint32, uint8, vector, type TypeOf } from '@canopy/codec';
import { equal } from '@canopy/crypto';
import { removedState } from '../../commits/process-commit.ts';
import { ReInit } from '../../proposals/proposal.ts';
import { readSecretTree } from '../../secret-tree/read-secret-tree.ts';
import { LeafNode } from '../../tree/leaf-node.ts';
import { LeafIndexCodec, type NodeIndex } from '../../tree/math.ts';
import type { PrivateTree } from '../../tree/private-tree.ts';
import { nodeChanges } from '../../tree/tree-changes.ts';
import { retainEpoch } from '../next-epoch.ts';
import type { StagedCommit } from '../staged-commit.ts';
import type { GroupState } from '../state.ts';
import { readChangedTree } from './read-tree.ts';
import { STATE_VERSION } from './record.ts';
import {
  flag,
  invalidState,
  metaOf,
  NodeIndexCodec,
  readStatus,
  requireVersion,
  StoredMeta,
  StoredNodeChange,
} from './stored-parts.ts';

const StoredMember = struct({ leafIndex: LeafIndexCodec, leafNode: LeafNode });
const StoredChangedMember = struct({ leafIndex: LeafIndexCodec, before: LeafNode });

const StoredEffects = struct({
  committer: LeafIndexCodec,
  joined: flag,
  added: vector(StoredMember),
  updated: vector(StoredChangedMember),
  removed: vector(StoredChangedMember),
  committerLeaf: optional(LeafNode),
  extensionsChanged: flag,
  reinit: optional(ReInit),
  selfRemoved: flag,
});

const StoredNextState = struct({
  meta: StoredMeta,
  nodes: vector(StoredNodeChange),
  /** Without a secret: the key that the base has for this node. */
  keys: vector(struct({ node: NodeIndexCodec, secret: optional(opaque) })),
  secretTree: vector(struct({ name: opaque, value: opaque })),
  pastEpochs: uint32,
  resumptionPsks: uint32,
});

const StoredStagedCommit = struct({
  version: uint8,
  /** The confirmation tag of the epoch that the commit ends: no other epoch has the same. */
  base: opaque,
  effects: StoredEffects,
  /** Absent when the commit removes this member. */
  next: optional(StoredNextState),
});

/**
 * Encodes a staged commit, so that it can be kept or dropped by a process that starts later. Its size goes with the change.
 * It holds secrets of the next epoch: it has to be deleted when the commit was kept or dropped.
 */
export function encodeStagedCommit({ base, state, effects }: StagedCommit): Uint8Array {
  return encode(StoredStagedCommit, {
    version: STATE_VERSION,
    base: base.confirmationTag,
    effects,
    next: effects.selfRemoved ? undefined : storedNext(base, state),
  });
}

function storedNext(base: GroupState, next: GroupState): TypeOf<typeof StoredNextState> {
  return {
    meta: metaOf(next),
    nodes: [...nodeChanges(base.tree.root, next.tree.root)],
    keys: Array.from(next.keys, ([node, secret]) => ({
      node,
      secret: base.keys.get(node) === secret ? undefined : secret,
    })),
    secretTree: next.secretTree.records().map(({ name, value }) => ({ name: Buffer.from(name), value })),
    pastEpochs: next.pastEpochs.length,
    resumptionPsks: next.resumptionPsks.length,
  };
}

/**
 * Reads a staged commit for the state that it was staged in, as that has become since: the result can be kept or dropped.
 *
 * @throws MlsError UNSUPPORTED_STATE_VERSION, INVALID_STATE for a state of another epoch; CodecError
 */
export function decodeStagedCommit(bytes: Uint8Array, base: GroupState): StagedCommit {
  requireVersion(bytes[0]);
  const { base: confirmationTag, effects, next } = decode(StoredStagedCommit, bytes);
  if (!equal(confirmationTag, base.confirmationTag))
    invalidState('a commit that was staged in another epoch');
  if (effects.selfRemoved !== (next === undefined)) invalidState('a commit without the state after it');
  return { base, state: next === undefined ? removedState(base) : readNext(next, base), effects };
}

function readNext(stored: TypeOf<typeof StoredNextState>, base: GroupState): GroupState {
  const { meta, nodes, secretTree } = stored;
  const { suite } = base;
  const tree = readChangedTree(base.tree, meta.leafCount, nodes);
  return {
    suite,
    status: readStatus(meta.status),
    groupContext: meta.groupContext,
    tree,
    ownLeafIndex: meta.ownLeafIndex,
    keys: readKeys(stored.keys, base.keys),
    signaturePrivateKey: meta.signaturePrivateKey,
    secrets: meta.secrets,
    secretTree: readSecretTree(suite, tree.leafCount, secretTree.map(toNamed)),
    interimTranscriptHash: meta.interimTranscriptHash,
    confirmationTag: meta.confirmationTag,
    proposals: [],
    pendingUpdates: [],
    ...retainEpoch(base, stored),
  };
}

function readKeys(stored: TypeOf<typeof StoredNextState>['keys'], base: PrivateTree): PrivateTree {
  return new Map<NodeIndex, Uint8Array>(
    stored.map(({ node, secret }) => [
      node,
      secret ?? base.get(node) ?? invalidState('a key that the base does not have'),
    ]),
  );
}

function toNamed({ name, value }: { readonly name: Uint8Array; readonly value: Uint8Array }): {
  readonly path: readonly string[];
  readonly value: Uint8Array;
} {
  return { path: new TextDecoder().decode(name).split('/'), value };
}
