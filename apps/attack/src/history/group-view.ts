/**
 * A group as one member has seen it so far.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { delivery } from '@canopy/contract';
import { firstKey, keyAfter, prove, type ProofMethod } from '../parties/group-keys.ts';
import type { SeenEntry } from './event.ts';

const KINDS = new Map<delivery.LogEntryKind, SeenEntry['kind']>([
  [delivery.LogEntryKind.COMMIT, 'commit'],
  [delivery.LogEntryKind.PROPOSAL, 'proposal'],
  [delivery.LogEntryKind.APPLICATION, 'application'],
]);

/** Hashes bytes into the words of a history. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Gives bytes as hex text. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Reads an entry of the service's log. @throws Error for a kind that does not exist */
export function toSeen({ sequence, kind, epoch, mlsMessage }: delivery.LogEntry): SeenEntry {
  const name = KINDS.get(kind);
  if (name === undefined) throw new Error(`an entry of kind ${kind}`);
  return { sequence, kind: name, epoch, hash: hashOf(mlsMessage) };
}

/** How far a member has read a group, and what it may open. */
export class GroupView {
  readonly groupId: Uint8Array;
  readonly name: string;
  readonly #log: SeenEntry[] = [];
  #epoch = 0n;
  #cursor = 0n;
  #key: ReturnType<typeof firstKey>;

  constructor(groupId: Uint8Array) {
    this.groupId = groupId;
    this.name = hex(groupId);
    this.#key = firstKey(groupId);
  }

  get epoch(): bigint {
    return this.#epoch;
  }

  /** The last sequence number that was seen. */
  get cursor(): bigint {
    return this.#cursor;
  }

  /** All that was seen, in the order in which it came. */
  get log(): readonly SeenEntry[] {
    return this.#log;
  }

  /** Goes on to an entry; after the commit of the epoch it has the next epoch's key. */
  see(entry: delivery.LogEntry): void {
    const { sequence, kind, epoch, mlsMessage } = entry;
    this.#log.push(toSeen(entry));
    if (sequence > this.#cursor) this.#cursor = sequence;
    if (kind !== delivery.LogEntryKind.COMMIT || epoch !== this.#epoch) return;
    this.#epoch += 1n;
    this.#key = keyAfter(this.groupId, mlsMessage);
  }

  /** Proves to be a member of the view's epoch. */
  prove(method: ProofMethod, body: Uint8Array): delivery.EpochProof {
    return prove(this.#key, { method, groupId: this.groupId, epoch: this.#epoch, body });
  }

  /** Asks for what comes after the cursor. */
  query(limit = 0): Uint8Array {
    return delivery.GroupQuery.encode({
      groupId: this.groupId,
      afterSequence: this.#cursor,
      limit,
      device: '',
    }).finish();
  }
}
