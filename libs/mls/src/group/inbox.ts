/**
 * Messages as a network brings them: too early, too late, twice, or one's own (RFC 9420 §14, §15.3).
 *
 * `Group.process` refuses what does not fit the group as it is now; the inbox tells which of those refusals are everyday
 * events, and keeps what came too early, within limits, because nobody has vouched for it yet.
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import { MlsError, type MlsErrorCode } from '../errors.ts';
import { SenderType } from '../framing/content.ts';
import { encodeMessage, type MLSMessage } from '../framing/message.ts';
import { WireFormat } from '../registries.ts';
import type { Group, Received } from './group.ts';

/** What a message turned out to be; what is forged, malformed or not allowed is thrown as an MlsError. */
export type Delivered =
  | Received
  /** This member sent it; it took effect when it was made. An own commit comes as `commit`, to be kept. */
  | { readonly kind: 'own' }
  /** It was processed before. */
  | { readonly kind: 'duplicate' }
  /** Its epoch has passed and cannot be read any more. */
  | { readonly kind: 'stale'; readonly epoch: bigint }
  /** It needs something that has not arrived: a commit before it, or the proposals that it refers to. */
  | { readonly kind: 'early'; readonly epoch: bigint; readonly kept: boolean }
  /** The group is over for this member. */
  | { readonly kind: 'ended' };

/** How much may wait. */
export interface InboxLimits {
  readonly maximumMessages: number;
  readonly maximumBytes: number;
  /** How many epochs ahead of the group a message may be. */
  readonly maximumEpochsAhead: bigint;
}

/** Enough for a member whose messages of an hour arrive in the wrong order. */
export const defaultInboxLimits: InboxLimits = {
  maximumMessages: 1_000,
  maximumBytes: 16 * 1024 * 1024,
  maximumEpochsAhead: 100n,
};

/** The refusals that honest members run into every day. */
const everydayRefusals: Partial<Record<MlsErrorCode, 'own' | 'duplicate' | 'stale' | 'ended'>> = {
  OWN_MESSAGE: 'own',
  GENERATION_CONSUMED: 'duplicate',
  WRONG_EPOCH: 'stale',
  EPOCH_NOT_RETAINED: 'stale',
  GROUP_ENDED: 'ended',
};

interface Waiting {
  readonly message: MLSMessage;
  readonly epoch: bigint;
  readonly size: number;
}

/** A group's messages in the order in which they can be processed. */
export class Inbox {
  readonly #group: Group;
  readonly #limits: InboxLimits;
  /** By content, in the order of arrival. */
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  constructor(group: Group, limits: InboxLimits = defaultInboxLimits) {
    this.#group = group;
    this.#limits = limits;
  }

  /** How many messages wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Processes a message, or keeps it for later. @throws MlsError, CodecError; the group is then as it was */
  async receive(message: MLSMessage): Promise<Delivered> {
    const epoch = epochOf(message);
    if (epoch === undefined || !this.#isForGroup(message)) return this.#group.process(message);
    if (this.#group.state.status.kind === 'removed') return { kind: 'ended' };
    if (epoch > this.#group.epoch) return this.#keep(message, epoch);
    const known = this.#group.state.proposals;
    try {
      const received = await this.#group.process(message);
      if (received.kind !== 'proposal') return received;
      const isKnown = known.some(({ reference }) => equal(reference, received.reference));
      return isKnown ? this.#repeated(received) : received;
    } catch (error) {
      return this.#explain(error, message, epoch);
    }
  }

  /**
   * Takes out what waited and can be tried now, in the order of arrival. To be called, and each message received, after a
   * commit was kept and after a proposal arrived. What is of a past epoch by now is forgotten.
   */
  takeRipe(): readonly MLSMessage[] {
    const ripe: MLSMessage[] = [];
    for (const [key, { message, epoch }] of this.#waiting) {
      if (epoch > this.#group.epoch) continue;
      this.#forget(key);
      if (epoch === this.#group.epoch) ripe.push(message);
    }
    return ripe;
  }

  #isForGroup(message: MLSMessage): boolean {
    const groupId = groupIdOf(message);
    return groupId !== undefined && equal(groupId, this.#group.groupId);
  }

  #repeated({ sender }: Extract<Received, { kind: 'proposal' }>): Delivered {
    const isOwn =
      sender.senderType === SenderType.member && sender.leafIndex === this.#group.state.ownLeafIndex;
    return { kind: isOwn ? 'own' : 'duplicate' };
  }

  #explain(error: unknown, message: MLSMessage, epoch: bigint): Delivered {
    if (!(error instanceof MlsError)) throw error;
    if (error.code === 'UNKNOWN_PROPOSAL_REFERENCE') return this.#keep(message, epoch);
    const kind = everydayRefusals[error.code];
    if (kind === undefined) throw error;
    return kind === 'stale' ? { kind, epoch } : { kind };
  }

  #keep(message: MLSMessage, epoch: bigint): Delivered {
    const bytes = encodeMessage(message);
    const key = Buffer.from(this.#group.suite.hash.digest(bytes)).toString('latin1');
    if (this.#waiting.has(key)) return { kind: 'duplicate' };
    const kept =
      epoch - this.#group.epoch <= this.#limits.maximumEpochsAhead && this.#makeRoom(bytes.length, epoch);
    if (kept) {
      this.#waiting.set(key, { message, epoch, size: bytes.length });
      this.#bytes += bytes.length;
    }
    return { kind: 'early', epoch, kept };
  }

  // What can be used soonest stays: an outsider who makes up epochs pushes out nothing that is nearer.
  #makeRoom(size: number, epoch: bigint): boolean {
    const { maximumMessages, maximumBytes } = this.#limits;
    if (size > maximumBytes) return false;
    while (this.#waiting.size >= maximumMessages || this.#bytes + size > maximumBytes) {
      const furthest = this.#furthest();
      if (furthest === undefined || furthest.epoch <= epoch) return false;
      this.#forget(furthest.key);
    }
    return true;
  }

  #furthest(): { readonly key: string; readonly epoch: bigint } | undefined {
    let furthest: { readonly key: string; readonly epoch: bigint } | undefined;
    for (const [key, { epoch }] of this.#waiting) {
      if (furthest === undefined || epoch >= furthest.epoch) furthest = { key, epoch };
    }
    return furthest;
  }

  #forget(key: string): void {
    this.#bytes -= this.#waiting.get(key)?.size ?? 0;
    this.#waiting.delete(key);
  }
}

function groupIdOf(message: MLSMessage): Uint8Array | undefined {
  if (message.wireFormat === WireFormat.publicMessage) return message.publicMessage.content.groupId;
  return message.wireFormat === WireFormat.privateMessage ? message.privateMessage.groupId : undefined;
}

function epochOf(message: MLSMessage): bigint | undefined {
  if (message.wireFormat === WireFormat.publicMessage) return message.publicMessage.content.epoch;
  return message.wireFormat === WireFormat.privateMessage ? message.privateMessage.epoch : undefined;
}
