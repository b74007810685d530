/**
 * A member of the simulation: its group, what is expected of it, its queue, and what it has on disk.
 *
 * @module
 */

import {
  decodeMessage,
  decodeStagedCommit,
  encodeMessage,
  encodeStagedCommit,
  Inbox,
  type Group,
  type GroupOptions,
  type StagedCommit,
} from '@canopy/mls';
import type { CipherSuite } from '@canopy/crypto';
import { check } from '../finding.ts';
import type { Client } from './client.ts';
import { noteNextEpoch, type DeviceModel } from './device-model.ts';
import type { Envelope } from './envelope.ts';
import { RecordStore } from './storage.ts';

/** A commit that was made or processed, and not yet kept or dropped. */
export interface OpenCommit {
  readonly envelope: Envelope;
  readonly staged: StagedCommit;
}

/** A commit that is open as it is on disk. */
interface StoredCommit {
  readonly envelope: Envelope;
  readonly bytes: Uint8Array;
}

interface Saved {
  readonly model: DeviceModel;
  readonly own: StoredCommit | undefined;
  readonly held: StoredCommit | undefined;
}

/** What a device is given from outside. */
export interface DeviceSetting {
  readonly client: Client;
  readonly suite: CipherSuite;
  readonly options: GroupOptions;
  /** Whether the library's inbox stands before the group. */
  readonly usesInbox: boolean;
}

/** A member of the simulation. */
export class Device {
  readonly setting: DeviceSetting;
  group: Group;
  inbox: Inbox | undefined;
  model: DeviceModel;
  /** Messages that have arrived and were not looked at. */
  queue: Envelope[] = [];
  /** Messages whose time comes later. */
  waiting: Envelope[] = [];
  /** Messages that the network has lost and will deliver again. */
  lost: Envelope[] = [];
  /** A commit of its own of which it does not know whether it was taken. */
  own: OpenCommit | undefined;
  /** Somebody else's commit that it has processed and not yet kept. */
  held: OpenCommit | undefined;
  readonly #keptByInbox = new Map<string, Envelope>();
  readonly #records = new RecordStore();
  #saved: Saved;
  /** Looked at since the last save. */
  #unsaved: Envelope[] = [];

  constructor(setting: DeviceSetting, group: Group, model: DeviceModel) {
    this.setting = setting;
    this.group = group;
    this.inbox = setting.usesInbox ? new Inbox(group) : undefined;
    this.model = model;
    this.#saved = this.#write();
  }

  get name(): string {
    return this.setting.client.name;
  }

  /** Takes a message out of the queue. */
  take(at: number): Envelope | undefined {
    const [envelope] = this.queue.splice(at, 1);
    if (envelope !== undefined) this.#unsaved.push(envelope);
    return envelope;
  }

  /** Whether the inbox has kept a message. */
  isKept({ bytes }: Envelope): boolean {
    return this.#keptByInbox.has(textOf(bytes));
  }

  /** Notes that the inbox has kept a message. */
  noteKept(envelope: Envelope): void {
    this.#keptByInbox.set(textOf(envelope.bytes), envelope);
  }

  /** Something has changed: what was too early may fit now. */
  retryWaiting(): void {
    this.#takeRipe();
    this.queue.unshift(...this.waiting.splice(0));
  }

  /** Writes what has changed to disk; from then on messages that were looked at do not come again. */
  save(): void {
    this.#saved = this.#write();
    this.#unsaved = [];
  }

  /** Requires that what is on disk is what is in memory. */
  checkSaved(): void {
    const { suite, options } = this.setting;
    this.#records.requireSame(this.group.state, suite, options, this.name);
  }

  /** Loses everything that is not on disk; messages that were looked at since come again. */
  crash(): void {
    const { model, own, held } = this.#saved;
    this.group = this.#records.restore(this.setting.suite, this.setting.options);
    this.inbox = this.setting.usesInbox ? new Inbox(this.group) : undefined;
    this.#keptByInbox.clear();
    this.model = structuredClone(model);
    this.own = this.#reopen(own);
    this.held = this.#reopen(held);
    // The group shall know its own commit again when it comes back.
    if (this.own !== undefined) {
      this.group.restoreCommit(decodeMessage(this.own.envelope.bytes), this.own.staged);
    }
    this.queue = [...new Set([...this.#unsaved.splice(0), ...this.waiting.splice(0), ...this.queue])];
  }

  /** Goes on to the state of a commit. */
  adopt({ staged }: OpenCommit): void {
    this.group.keep(staged);
    const { selfRemoved, reinit } = staged.effects;
    if (selfRemoved) this.model.status = 'removed';
    else noteNextEpoch(this.model, this.setting.options.policy);
    if (reinit !== undefined && !selfRemoved) this.model.status = 'ended';
  }

  /** What the inbox has kept for this epoch comes out of it, and nothing that it was not given. */
  #takeRipe(): void {
    for (const message of this.inbox?.takeRipe() ?? []) {
      const isKnown = this.#keptByInbox.delete(textOf(encodeMessage(message)));
      check(isKnown, `${this.name}: the inbox gives back only what it was given`);
    }
    for (const [text, { epoch, id }] of this.#keptByInbox) {
      check(epoch !== this.model.epoch, `${this.name}: the inbox gives #${id} back in its epoch`);
      if (epoch < this.model.epoch) this.#keptByInbox.delete(text);
    }
  }

  #write(): Saved {
    this.#records.write(this.group);
    return { model: structuredClone(this.model), own: stored(this.own), held: stored(this.held) };
  }

  #reopen(commit: StoredCommit | undefined): OpenCommit | undefined {
    return (
      commit && { envelope: commit.envelope, staged: decodeStagedCommit(commit.bytes, this.group.state) }
    );
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function stored(commit: OpenCommit | undefined): StoredCommit | undefined {
  return commit && { envelope: commit.envelope, bytes: encodeStagedCommit(commit.staged) };
}
