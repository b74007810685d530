import { expect } from '@jest/globals';

import { nodesOfTree } from '../../src/extensions/ratchet-tree.ts';
import { Group } from '../../src/group/group.ts';
import { readState } from '../../src/group/records/read-state.ts';
import { recordsOf } from '../../src/group/records/record-changes.ts';
import type { RecordChange, StateRecord } from '../../src/group/records/record.ts';
import type { GroupState, PastEpoch } from '../../src/group/state.ts';
import type { SecretTree } from '../../src/secret-tree/secret-tree.ts';
import type { RatchetTree } from '../../src/tree/ratchet-tree.ts';
import type { Party, Peer } from '../parties.ts';
import { hex } from '../suites.ts';

/** A store of records in memory; it copies what it takes, as a disk does. */
export class RecordStore {
  readonly #records: Map<string, Uint8Array>;

  constructor(records: Iterable<readonly [string, Uint8Array]> = []) {
    this.#records = new Map(records);
  }

  write(changes: readonly RecordChange[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, Uint8Array.from(value));
    }
  }

  *read(): Generator<StateRecord> {
    for (const [key, value] of this.#records) yield { key, value };
  }

  get keys(): readonly string[] {
    return [...this.#records.keys()];
  }

  get size(): number {
    return this.#records.size;
  }

  copy(): RecordStore {
    return new RecordStore(this.#records);
  }
}

/** Records as text, to compare them. */
export function textOf(records: Iterable<StateRecord>): string {
  return Array.from(records, ({ key, value }) => `${key} ${hex(value)}`)
    .toSorted()
    .join('\n');
}

/** A member whose records are stored. */
export interface Keeper {
  peer: Peer;
  readonly store: RecordStore;
}

/** Begins to store a member. */
export function keeper(peer: Peer): Keeper {
  const store = new RecordStore();
  store.write(peer.group.takeChanges());
  return { peer, store };
}

/** Reads a member from a store. */
export function restoredFrom(store: RecordStore, party: Party): Peer {
  return { party, group: Group.restore(store.read(), party.options) };
}

/** Stores what has changed and gives it. */
export function save({ peer, store }: Keeper): RecordChange[] {
  const changes = peer.group.takeChanges();
  store.write(changes);
  return changes;
}

function plainTree(tree: RatchetTree): unknown {
  return { leafCount: tree.leafCount, memberCount: tree.memberCount, nodes: nodesOfTree(tree) };
}

function plainSecrets({ state }: SecretTree): unknown {
  return {
    leafCount: state.leafCount,
    nodes: Object.fromEntries(state.nodes),
    ratchets: Object.fromEntries(state.ratchets),
  };
}

const plainPast = ({ tree, secretTree, ...rest }: PastEpoch): unknown => ({
  ...rest,
  tree: plainTree(tree),
  secretTree: plainSecrets(secretTree),
});

/** All that a state holds as text, without knowing what that is: whatever a state gets one day is compared too. */
export function plainState({ tree, secretTree, pastEpochs, keys, suite, ...rest }: GroupState): string {
  const plain = {
    ...rest,
    suite: suite.id,
    keys: Object.fromEntries(keys),
    tree: plainTree(tree),
    secretTree: plainSecrets(secretTree),
    pastEpochs: pastEpochs.map(plainPast),
  };
  return JSON.stringify(
    inOrder(plain),
    (_, value: unknown) => (value instanceof Uint8Array ? hex(value) : value),
    1,
  );
}

function inOrder(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, inOrder(one)]));
}

/** Requires that the store has the state, all of it and nothing else. */
export function expectStored({ peer, store }: Keeper): void {
  const { state } = peer.group;
  expect(textOf(store.read())).toBe(textOf(recordsOf(state)));
  expect(plainState(readState(store.read()))).toBe(plainState(state));
}
