/**
 * From records to a secret tree.
 *
 * @module
 */

import { decode } from '@canopy/codec';
import type { CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import { nodeCount, toLeafIndex, toNodeIndex, type LeafIndex, type NodeIndex } from '../tree/math.ts';
import type { HashRatchetState, MessageKey } from './hash-ratchet.ts';
import { isRatchetKind, type RatchetKind } from './ratchets.ts';
import { numberFrom, StoredChain, StoredMessageKey } from './secret-records.ts';
import { SecretTree } from './secret-tree.ts';

/** A record whose name was taken apart. */
export interface NamedSecret {
  readonly path: readonly string[];
  readonly value: Uint8Array;
}

/**
 * Reads a secret tree from all of its records, in any order. The bytes are copied.
 *
 * @throws MlsError INVALID_STATE; CodecError
 */
export function readSecretTree(
  suite: CipherSuite,
  leafCount: number,
  records: Iterable<NamedSecret>,
): SecretTree {
  const nodes: (readonly [NodeIndex, Uint8Array])[] = [];
  const ratchets = new StoredRatchets(leafCount);
  for (const { path, value } of records) {
    const [word, ...place] = path;
    if (word === 'node') nodes.push([nodeIn(place, leafCount), Uint8Array.from(value)]);
    else if (word === 'ratchet') ratchets.addChain(place, value);
    else if (word === 'skipped') ratchets.addSkipped(place, value);
    else invalid('a secret of an unknown kind');
  }
  return SecretTree.stored(suite, { leafCount, nodes, ratchets: ratchets.finish() });
}

function nodeIn(place: readonly string[], leafCount: number): NodeIndex {
  const [node] = place;
  return toNodeIndex(indexFrom(node, nodeCount(leafCount)));
}

function indexFrom(word: string | undefined, size: number): number {
  const index = numberFrom(word);
  if (index === undefined || index >= size) invalid('a secret outside of the tree');
  return Number(index);
}

function invalid(what: string): never {
  refuse('INVALID_STATE', '§9.2', `the stored state does not fit together: ${what}`);
}

/** Puts together what belongs to one sender. */
class StoredRatchets {
  readonly #leafCount: number;
  readonly #chains = new Map<LeafIndex, Map<RatchetKind, Omit<HashRatchetState, 'skipped'>>>();
  readonly #skipped = new Map<string, MessageKey[]>();

  constructor(leafCount: number) {
    this.#leafCount = leafCount;
  }

  addChain(place: readonly string[], value: Uint8Array): void {
    const { leaf, kind } = this.#ratchetAt(place);
    const chains = this.#chains.get(leaf) ?? new Map<RatchetKind, Omit<HashRatchetState, 'skipped'>>();
    this.#chains.set(leaf, chains.set(kind, decode(StoredChain, value)));
  }

  addSkipped(place: readonly string[], value: Uint8Array): void {
    const { leaf, kind } = this.#ratchetAt(place);
    const generation = indexFrom(place[2], 2 ** 32);
    const name = `${leaf}/${kind}`;
    const known = this.#skipped.get(name) ?? [];
    known.push({ generation, ...decode(StoredMessageKey, value) });
    this.#skipped.set(name, known);
  }

  finish(): (readonly [LeafIndex, Record<RatchetKind, HashRatchetState>])[] {
    const ratchets = Array.from(this.#chains.keys(), (leaf) => {
      const [handshake, application] = [this.#take(leaf, 'handshake'), this.#take(leaf, 'application')];
      return [leaf, { handshake, application }] as const;
    });
    if (this.#skipped.size > 0) invalid('a skipped key without its ratchet');
    return ratchets;
  }

  #ratchetAt([leafWord, kind]: readonly string[]): { readonly leaf: LeafIndex; readonly kind: RatchetKind } {
    if (!isRatchetKind(kind)) invalid('a ratchet of an unknown kind');
    return { leaf: toLeafIndex(indexFrom(leafWord, this.#leafCount)), kind };
  }

  #take(leaf: LeafIndex, kind: RatchetKind): HashRatchetState {
    const chain = this.#chains.get(leaf)?.get(kind) ?? invalid('a sender with one ratchet');
    const name = `${leaf}/${kind}`;
    const skipped = (this.#skipped.get(name) ?? []).toSorted((a, b) => a.generation - b.generation);
    this.#skipped.delete(name);
    return { ...chain, skipped };
  }
}
