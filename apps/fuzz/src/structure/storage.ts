/**
 * A member's state on its way to a disk and back.
 *
 * @module
 */

import { equal, type CipherSuite } from '@canopy/crypto';
import { decodeState, encodeState, Group, type GroupOptions, type GroupState } from '@canopy/mls';
import { check } from '../finding.ts';

/** Takes a copy of a whole state; equal states give equal bytes. */
export function store(state: GroupState): Uint8Array {
  return encodeState(state);
}

/** Reads a copy of a whole state; keys are drawn from the world's suite again. */
export function load(stored: Uint8Array, suite: CipherSuite): GroupState {
  return { ...decodeState(stored), suite };
}

/** A member's records, written as a database would: what changes, all at once. */
export class RecordStore {
  readonly #records = new Map<string, Uint8Array>();

  /** Writes what has changed in a group since the last time. */
  write(group: Group): void {
    for (const { key, value } of group.takeChanges()) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, Uint8Array.from(value));
    }
  }

  /** Starts a group from the records. */
  restore(suite: CipherSuite, options: GroupOptions): Group {
    const records = Array.from(this.#records, ([key, value]) => ({ key, value: Uint8Array.from(value) }));
    const group = Group.restore(records, options);
    // A state is read for the suite of the platform: where its randomness comes from is not stored.
    Object.assign(group.state, { suite });
    return group;
  }

  /** The records are those of the state, not more and not less. */
  requireSame(state: GroupState, suite: CipherSuite, options: GroupOptions, who: string): void {
    const read = store(this.restore(suite, options).state);
    check(equal(read, store(state)), `${who}: the records hold the state`);
  }
}
