/**
 * Which records an operation changes. Parts that both states share are told by their identity, and the secret trees
 * remember what moved in them: the work goes with the change, not with the size of the group.
 *
 * @module
 */

import { encode } from '@canopy/codec';
import { Node } from '../../extensions/ratchet-tree.ts';
import type { SecretTree } from '../../secret-tree/secret-tree.ts';
import type { SecretChange } from '../../secret-tree/secret-records.ts';
import type { RatchetTree } from '../../tree/ratchet-tree.ts';
import { nodeChanges } from '../../tree/tree-changes.ts';
import type { GroupState, PastEpoch } from '../state.ts';
import { META, secretKey, type RecordChange, type StateRecord } from './record.ts';
import {
  metaOf,
  StoredMeta,
  StoredPastEpoch,
  StoredProposal,
  StoredResumptionPsk,
  StoredUpdate,
} from './stored-parts.ts';

/** Gives all records of a state. */
export function recordsOf(state: GroupState): StateRecord[] {
  const secrets = Array.from(secretTreesOf(state), ([tree, epoch]) => ofEpoch(epoch, tree.records()));
  return [...partChanges(undefined, state), ...secrets.flat()].filter(isWritten);
}

function isWritten(change: RecordChange): change is StateRecord {
  return change.value !== undefined;
}

/**
 * Gives what has changed since the records of an earlier state were taken; everything when none were. What the secret
 * trees report is reported once.
 */
export function takeChanges(before: GroupState | undefined, after: GroupState): RecordChange[] {
  return [...partChanges(before, after), ...secretChanges(before, after)];
}

function* partChanges(before: GroupState | undefined, after: GroupState): Generator<RecordChange> {
  if (before === after) return;
  if (before === undefined || !hasSameMeta(before, after)) {
    yield { key: META, value: encode(StoredMeta, metaOf(after)) };
  }
  for (const { index, after: node } of nodeChanges(before?.tree.root, after.tree.root)) {
    yield { key: `node/${index}`, value: node && encode(Node, node) };
  }
  yield* partsThatDiffer(before === undefined ? new Map() : partsOf(before), partsOf(after));
}

const metaFields = [
  'status',
  'groupContext',
  'ownLeafIndex',
  'signaturePrivateKey',
  'secrets',
  'interimTranscriptHash',
  'confirmationTag',
] as const satisfies readonly (keyof GroupState)[];

function hasSameMeta(before: GroupState, after: GroupState): boolean {
  return metaFields.every((field) => before[field] === after[field]);
}

/** A part that a state has or has not, and never changes: `value` is what it is known by. */
interface Part {
  readonly value: unknown;
  encode(): Uint8Array;
}

function* partsThatDiffer(
  before: ReadonlyMap<string, Part>,
  after: ReadonlyMap<string, Part>,
): Generator<RecordChange> {
  for (const key of before.keys()) if (!after.has(key)) yield { key, value: undefined };
  for (const [key, part] of after) {
    if (before.get(key)?.value !== part.value) yield { key, value: part.encode() };
  }
}

/** All parts but the nodes of the tree: as many as the member has keys, pending proposals and retained epochs. */
function partsOf(state: GroupState): ReadonlyMap<string, Part> {
  const { keys, proposals, pendingUpdates, pastEpochs, resumptionPsks } = state;
  const parts = new Map<string, Part>();
  for (const [node, secret] of keys) {
    parts.set(`key/${node}`, { value: secret, encode: () => Uint8Array.from(secret) });
  }
  for (const [position, value] of proposals.entries()) {
    parts.set(`proposal/${position}`, { value, encode: () => encode(StoredProposal, value) });
  }
  for (const [position, value] of pendingUpdates.entries()) {
    parts.set(`update/${position}`, { value, encode: () => encode(StoredUpdate, value) });
  }
  for (const [position, value] of pastEpochs.entries()) {
    const newer = pastEpochs[position - 1] ?? state;
    parts.set(`past/${value.groupContext.epoch}`, { value, encode: () => encodePast(value, newer.tree) });
  }
  for (const value of resumptionPsks) {
    parts.set(`resumption/${value.epoch}`, { value, encode: () => encode(StoredResumptionPsk, value) });
  }
  return parts;
}

function encodePast(past: PastEpoch, newer: RatchetTree): Uint8Array {
  const undo = [...nodeChanges(newer.root, past.tree.root)];
  return encode(StoredPastEpoch, { ...past, leafCount: past.tree.leafCount, undo });
}

function secretChanges(before: GroupState | undefined, after: GroupState): RecordChange[] {
  const [old, now] = [secretTreesOf(before), secretTreesOf(after)];
  for (const tree of now.keys()) if (!old.has(tree)) tree.forgetStored();
  const gone = [...old].filter(([tree]) => !now.has(tree));
  return [
    ...gone.flatMap(([tree, epoch]) => ofEpoch(epoch, tree.takeDeletions())),
    ...Array.from(now, ([tree, epoch]) => ofEpoch(epoch, tree.takeChanges())).flat(),
  ];
}

function secretTreesOf(state: GroupState | undefined): ReadonlyMap<SecretTree, bigint> {
  const epochs = state === undefined ? [] : [state, ...state.pastEpochs];
  return new Map(epochs.map(({ secretTree, groupContext }) => [secretTree, groupContext.epoch]));
}

function ofEpoch(epoch: bigint, changes: readonly SecretChange[]): RecordChange[] {
  return changes.map(({ name, value }) => ({ key: secretKey(epoch, name), value }));
}
