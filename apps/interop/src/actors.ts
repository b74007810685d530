/**
 * Everybody that this process plays, by the numbers that the test runner knows them by.
 *
 * @module
 */

import type { CipherSuite, KeyPair } from '@canopy/crypto';
import type { ClientIdentity, Group, OwnKeyPackage, StagedCommit } from '@canopy/mls';
import { CallRefusal } from './call-refusal.ts';
import type { PskTable } from './psk-table.ts';

/** A member of a group. */
export interface Member {
  readonly suite: CipherSuite;
  readonly identity: ClientIdentity;
  readonly psks: PskTable;
  /** Whether its proposals and commits are sent as PrivateMessage. */
  readonly encryptHandshake: boolean;
  group: Group;
  /** The commit that it has made and not yet been told to keep. */
  pending: StagedCommit | undefined;
  /** The references of the proposals of this epoch that it knows, by their messages: own ones cannot be decrypted. */
  readonly proposals: Map<string, Uint8Array>;
}

/** A client that waits for a Welcome. */
export interface Transaction {
  readonly suite: CipherSuite;
  readonly identity: ClientIdentity;
  readonly psks: PskTable;
  readonly keyPackage: OwnKeyPackage;
}

/** Somebody who may propose from outside. */
export interface Signer {
  readonly suite: CipherSuite;
  readonly keyPair: KeyPair;
}

/** A member between the commit that ended its group and the Welcome into the next one. */
export interface ReinitializingMember {
  readonly member: Member;
  readonly transaction: Transaction;
}

/** Actors of one kind by number. The numbers are unique over all kinds, because StorePSK mixes two of them. */
class Actors<T> {
  readonly #kind: string;
  readonly #next: () => number;
  readonly #actors = new Map<number, T>();

  constructor(kind: string, next: () => number) {
    this.#kind = kind;
    this.#next = next;
  }

  add(actor: T): number {
    const id = this.#next();
    this.#actors.set(id, actor);
    return id;
  }

  find(id: number): T | undefined {
    return this.#actors.get(id);
  }

  /** @throws CallRefusal NOT_FOUND */
  get(id: number): T {
    const actor = this.#actors.get(id);
    if (actor === undefined) throw new CallRefusal('NOT_FOUND', `there is no ${this.#kind} ${id}`);
    return actor;
  }

  /** @throws CallRefusal NOT_FOUND */
  take(id: number): T {
    const actor = this.get(id);
    this.#actors.delete(id);
    return actor;
  }
}

/** The whole cast. */
export class Cast {
  /** Whether unknown values are mixed into what the actors send (RFC 9420 §13.5). */
  readonly grease: boolean;
  #last = 0;
  readonly #next = (): number => (this.#last += 1);
  readonly members = new Actors<Member>('state', this.#next);
  readonly transactions = new Actors<Transaction>('transaction', this.#next);
  readonly signers = new Actors<Signer>('signer', this.#next);
  readonly reinitializing = new Actors<ReinitializingMember>('reinit', this.#next);

  constructor(grease: boolean) {
    this.grease = grease;
  }
}
