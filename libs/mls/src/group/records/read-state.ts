/**
 * From records to a state.
 *
 * @module
 */

import { decode, type Codec } from '@canopy/codec';
import { getCipherSuite, type CipherSuite } from '@canopy/crypto';
import { Node } from '../../extensions/ratchet-tree.ts';
import type { SecretTree } from '../../secret-tree/secret-tree.ts';
import { readSecretTree } from '../../secret-tree/read-secret-tree.ts';
import { numberFrom } from '../../secret-tree/secret-records.ts';
import { nodeCount, toNodeIndex, type NodeIndex } from '../../tree/math.ts';
import type { PrivateTree } from '../../tree/private-tree.ts';
import type { RatchetTree } from '../../tree/ratchet-tree.ts';
import type { NodeChange } from '../../tree/tree-changes.ts';
import type { GroupState, PastEpoch, ResumptionPsk } from '../state.ts';
import { readChangedTree, readTree } from './read-tree.ts';
import { META, type StateRecord } from './record.ts';
import {
  invalidState,
  readStatus,
  requireVersion,
  StoredMeta,
  StoredPastEpoch,
  StoredProposal,
  StoredResumptionPsk,
  StoredUpdate,
} from './stored-parts.ts';

/** A record whose key was taken apart. */
interface KeyedPart {
  /** The key after its first word. */
  readonly path: readonly string[];
  readonly value: Uint8Array;
}

/** Records by the first word of their keys. */
type Parts = ReadonlyMap<string, readonly KeyedPart[]>;

/**
 * Reads a state from all of its records, in any order. The bytes are copied.
 *
 * @throws MlsError UNSUPPORTED_STATE_VERSION, INVALID_STATE; CodecError
 */
export function readState(records: Iterable<StateRecord>): GroupState {
  const parts = partsByWord(records);
  const [meta] = partsOf(parts, META);
  if (meta === undefined) invalidState('there is no meta record');
  requireVersion(meta.value[0]);
  const stored = decode(StoredMeta, meta.value);
  const suite = getCipherSuite(stored.cipherSuite);
  const { leafCount } = stored;
  const tree = readTree(
    leafCount,
    partsOf(parts, 'node').map((part) => readNode(part, leafCount)),
  );
  const secretTrees = new SecretTrees(suite, partsOf(parts, 'secrets'));
  const { epoch } = stored.groupContext;
  const state = {
    suite,
    status: readStatus(stored.status),
    groupContext: stored.groupContext,
    tree,
    ownLeafIndex: stored.ownLeafIndex,
    keys: readKeys(partsOf(parts, 'key'), tree),
    signaturePrivateKey: stored.signaturePrivateKey,
    secrets: stored.secrets,
    secretTree: secretTrees.take(epoch, tree.leafCount),
    interimTranscriptHash: stored.interimTranscriptHash,
    confirmationTag: stored.confirmationTag,
    proposals: readList(partsOf(parts, 'proposal'), StoredProposal),
    pendingUpdates: readList(partsOf(parts, 'update'), StoredUpdate),
    pastEpochs: readPastEpochs(partsOf(parts, 'past'), { epoch, tree }, secretTrees),
    resumptionPsks: readResumptionPsks(partsOf(parts, 'resumption')),
  };
  secretTrees.requireAllTaken();
  return state;
}

const words: ReadonlySet<string> = new Set([
  META,
  'node',
  'key',
  'proposal',
  'update',
  'past',
  'resumption',
  'secrets',
]);

function partsByWord(records: Iterable<StateRecord>): Parts {
  const parts = new Map<string, KeyedPart[]>();
  for (const { key, value } of records) {
    const [word = '', ...path] = key.split('/');
    if (!words.has(word)) invalidState(`a record named ${word}`);
    const known = parts.get(word);
    if (known === undefined) parts.set(word, [{ path, value }]);
    else known.push({ path, value });
  }
  return parts;
}

function partsOf(parts: Parts, word: string): readonly KeyedPart[] {
  return parts.get(word) ?? [];
}

function numberIn({ path: [word] }: KeyedPart): bigint {
  return numberFrom(word) ?? invalidState('a record whose key has no number');
}

function indexIn(part: KeyedPart, size: number): NodeIndex {
  const index = Number(numberIn(part));
  if (index >= size) invalidState('a node outside of the tree');
  return toNodeIndex(index);
}

function readNode(part: KeyedPart, leafCount: number): NodeChange {
  return { index: indexIn(part, nodeCount(leafCount)), after: decode(Node, part.value) };
}

function readKeys(parts: readonly KeyedPart[], tree: RatchetTree): PrivateTree {
  const size = nodeCount(tree.leafCount);
  return new Map(parts.map((part) => [indexIn(part, size), Uint8Array.from(part.value)]));
}

function readList<T>(parts: readonly KeyedPart[], codec: Codec<T>): readonly T[] {
  const inOrder = parts
    .map((part) => ({ position: Number(numberIn(part)), value: part.value }))
    .toSorted((a, b) => a.position - b.position);
  return inOrder.map(({ position, value }, expected) => {
    if (position !== expected) invalidState('a list with a gap');
    return decode(codec, value);
  });
}

/** The newest epoch first. */
function readByEpoch<T>(
  parts: readonly KeyedPart[],
  codec: Codec<T>,
  epochOf: (value: T) => bigint,
): readonly T[] {
  const values = parts.map((part) => {
    const value = decode(codec, part.value);
    if (epochOf(value) !== numberIn(part)) invalidState('a record of another epoch than its key says');
    return value;
  });
  return values.toSorted((a, b) => (epochOf(a) < epochOf(b) ? 1 : -1));
}

function readResumptionPsks(parts: readonly KeyedPart[]): readonly ResumptionPsk[] {
  return readByEpoch(parts, StoredResumptionPsk, ({ epoch }) => epoch);
}

interface Epoch {
  readonly epoch: bigint;
  readonly tree: RatchetTree;
}

function readPastEpochs(
  parts: readonly KeyedPart[],
  current: Epoch,
  secretTrees: SecretTrees,
): readonly PastEpoch[] {
  const pastEpochs: PastEpoch[] = [];
  let newer = current;
  for (const stored of readByEpoch(parts, StoredPastEpoch, ({ groupContext }) => groupContext.epoch)) {
    const { groupContext, senderDataSecret, leafCount } = stored;
    const { epoch } = groupContext;
    if (epoch >= newer.epoch) invalidState('a past epoch that is not past');
    const tree = readChangedTree(newer.tree, leafCount, stored.undo);
    pastEpochs.push({
      groupContext,
      tree,
      senderDataSecret,
      secretTree: secretTrees.take(epoch, leafCount),
    });
    newer = { epoch, tree };
  }
  return pastEpochs;
}

/** The secret trees of all epochs, to be taken one by one. */
class SecretTrees {
  readonly #suite: CipherSuite;
  readonly #byEpoch = new Map<bigint, KeyedPart[]>();

  constructor(suite: CipherSuite, parts: readonly KeyedPart[]) {
    this.#suite = suite;
    for (const { path, value } of parts) {
      const [, ...rest] = path;
      const epoch = numberIn({ path, value });
      const known = this.#byEpoch.get(epoch);
      if (known === undefined) this.#byEpoch.set(epoch, [{ path: rest, value }]);
      else known.push({ path: rest, value });
    }
  }

  take(epoch: bigint, leafCount: number): SecretTree {
    const parts = this.#byEpoch.get(epoch) ?? [];
    this.#byEpoch.delete(epoch);
    return readSecretTree(this.#suite, leafCount, parts);
  }

  requireAllTaken(): void {
    if (this.#byEpoch.size > 0) invalidState('secrets of an epoch that is not kept');
  }
}
