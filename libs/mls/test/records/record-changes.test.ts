import { describe, expect, it } from '@jest/globals';

import type { MLSMessage } from '../../src/framing/message.ts';
import { decodeStagedCommit, encodeStagedCommit } from '../../src/group/records/staged-record.ts';
import { MlsError } from '../../src/errors.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { WireFormat } from '../../src/registries.ts';
import {
  addOf,
  choices,
  empty,
  expectAgreement,
  follow,
  groupOf,
  join,
  joiner,
  party,
  receive,
  removeOf,
  say,
  type Joiner,
} from '../parties.ts';
import { expectStored, keeper, restoredFrom, save, type Keeper } from './record-store.ts';

const formats = [WireFormat.privateMessage, WireFormat.publicMessage] as const;

/** What can happen to a message that is late. */
const lateCodes: ReadonlySet<string> = new Set(['EPOCH_NOT_RETAINED', 'GENERATION_CONSUMED']);

/** A group whose members are stored after every single step, and every now and then read from their stores. */
class StoredGroup {
  readonly #pick: (below: number) => number;
  #members: Keeper[];
  readonly #late: { readonly message: MLSMessage; readonly to: Keeper }[] = [];
  #names = 0;

  constructor(members: readonly Keeper[], pick: (below: number) => number) {
    this.#members = [...members];
    this.#pick = pick;
  }

  get peers(): readonly Keeper['peer'][] {
    return this.#members.map(({ peer }) => peer);
  }

  async step(): Promise<void> {
    switch (this.#pick(9)) {
      case 0:
      case 1:
        return this.#commit([], this.#newcomers(1 + this.#pick(3)));
      case 2:
        return this.#commit(this.#removals(1 + this.#pick(2)), []);
      case 3:
        return this.#propose();
      case 4:
        return this.#deliverLate();
      case 5:
        return this.#restart();
      case 6:
        return this.#commit([], []);
      default:
        return this.#talk();
    }
  }

  #any(): Keeper {
    const found = this.#members[this.#pick(this.#members.length)];
    if (found === undefined) throw new Error('nobody is left');
    return found;
  }

  /** In a large group some are looked at after each step, and all of them in the end. */
  #saved(one: Keeper): void {
    save(one);
    if (this.#members.length <= 9 || this.#pick(8) === 0) expectStored(one);
  }

  expectAllStored(): void {
    for (const one of this.#members) expectStored(one);
  }

  #newcomers(count: number): Joiner[] {
    return Array.from({ length: count }, () => joiner(party(`newcomer ${this.#names++}`)));
  }

  #removals(count: number): Keeper[] {
    return Array.from({ length: count }, () => this.#any());
  }

  async #commit(leaving: readonly Keeper[], newcomers: readonly Joiner[]): Promise<void> {
    const by = this.#any();
    const gone = new Set(leaving.filter((one) => one !== by));
    const proposals: Proposal[] = [
      ...Array.from(gone, ({ peer }) => removeOf(peer)),
      ...newcomers.map(addOf),
    ];
    const wireFormat = formats[this.#pick(2)] ?? WireFormat.privateMessage;
    const forcePath = this.#pick(2) === 0;
    const { message, welcome, staged } = await by.peer.group.commit({ proposals, wireFormat, forcePath });
    this.#saved(by);
    const isRestarted = this.#pick(3) === 0;
    const stored = encodeStagedCommit(staged);
    if (isRestarted) by.peer = restoredFrom(by.store, by.peer.party);
    by.peer.group.keep(isRestarted ? decodeStagedCommit(stored, by.peer.group.state) : staged);
    this.#saved(by);
    for (const one of this.#members) {
      if (one === by) continue;
      await follow(one.peer, message);
      this.#saved(one);
    }
    this.#members = this.#members.filter((one) => one.peer.group.state.status.kind === 'active');
    if (welcome === undefined) return;
    for (const newcomer of newcomers) {
      const one = keeper(await join(newcomer, { wireFormat: WireFormat.welcome, welcome }));
      expectStored(one);
      this.#members.push(one);
    }
  }

  async #propose(): Promise<void> {
    const by = this.#any();
    const framing = {
      wireFormat: formats[this.#pick(2)] ?? WireFormat.privateMessage,
      authenticatedData: empty,
    };
    const message = await by.peer.group.proposeUpdate(framing);
    this.#saved(by);
    for (const one of this.#members) {
      if (one === by) continue;
      await receive(one.peer, message);
      this.#saved(one);
    }
  }

  async #talk(): Promise<void> {
    const by = this.#any();
    if (by.peer.group.state.proposals.length > 0) return;
    const messages = Array.from({ length: 1 + this.#pick(4) }, (_, at) => say(by.peer, `text ${at}`));
    this.#saved(by);
    for (const message of messages) {
      for (const one of this.#members) {
        if (one !== by && this.#pick(3) > 0) this.#late.push({ message, to: one });
      }
    }
    await this.#deliverLate();
  }

  /** Some of what waits is delivered, in any order; the rest may come epochs later. */
  async #deliverLate(): Promise<void> {
    for (let count = this.#pick(2 * this.#members.length); count > 0 && this.#late.length > 0; count--) {
      const [late] = this.#late.splice(this.#pick(this.#late.length), 1);
      if (late === undefined || !this.#members.includes(late.to)) continue;
      try {
        await receive(late.to.peer, late.message);
      } catch (error) {
        if (!(error instanceof MlsError && lateCodes.has(error.code))) throw error;
        expect(late.to.peer.group.takeChanges()).toEqual([]);
      }
      this.#saved(late.to);
    }
  }

  #restart(): Promise<void> {
    for (const one of this.#members)
      if (this.#pick(2) === 0) one.peer = restoredFrom(one.store, one.peer.party);
    return Promise.resolve();
  }
}

describe('what is stored step by step', () => {
  it.each([
    { size: 1, steps: 40, seed: 1 },
    { size: 2, steps: 40, seed: 2 },
    { size: 3, steps: 40, seed: 3 },
    { size: 9, steps: 25, seed: 4 },
    { size: 33, steps: 10, seed: 5 },
  ])('is always the state, from a group of $size on', async ({ size, steps, seed }) => {
    const names = Array.from({ length: size }, (_, at) => `member ${at}`);
    const members = (await groupOf(names)).map(keeper);
    const group = new StoredGroup(members, choices(seed));
    for (let count = 0; count < steps; count++) await group.step();
    group.expectAllStored();
    expectAgreement(group.peers);
    expect(group.peers[0]?.group.epoch).toBeGreaterThan(1n);
  });
});
