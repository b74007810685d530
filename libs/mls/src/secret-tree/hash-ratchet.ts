/**
 * One sender's chain of message keys (RFC 9420 §9.1, §9.2, §15.3).
 *
 * A key is looked up first and consumed only when the message was authentic: a forged message costs nothing
 * (R6.3.2-07, R9.2-03).
 *
 * @module
 */

import { deriveTreeSecret, wipe, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';

/** The key and nonce of one message. */
export interface MessageKey {
  readonly generation: number;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** A key that was looked up: exactly one of the two has to be called. */
export interface Lookup {
  readonly messageKey: MessageKey;
  /** The message was authentic: the key and all that led to it is overwritten, skipped keys are kept. */
  consume(): void;
  /** The message was not: everything stays as it was. */
  discard(): void;
}

/** How much of a ratchet may be kept and skipped (RFC 9420 §15.3). */
export interface RatchetLimits {
  readonly maximumForwardSteps: number;
  readonly maximumSkippedKeys: number;
}

/** The state of a ratchet as it is stored. */
export interface HashRatchetState {
  readonly secret: Uint8Array;
  readonly generation: number;
  readonly skipped: readonly MessageKey[];
}

/** What of a ratchet is stored by itself: the chain that it goes on from, or the key of one skipped generation. */
export type RatchetPart = 'chain' | number;

const LAST_GENERATION = 0xffff_ffff;

/** Derives message keys in order and keeps those that were skipped. */
export class HashRatchet {
  readonly #suite: CipherSuite;
  #secret: Uint8Array;
  /** The generation that `#secret` belongs to. */
  #generation: number;
  readonly #skipped: Map<number, MessageKey>;
  readonly #onChange: (part: RatchetPart) => void;

  constructor(suite: CipherSuite, state: HashRatchetState, onChange: (part: RatchetPart) => void = () => {}) {
    this.#suite = suite;
    this.#onChange = onChange;
    this.#secret = state.secret;
    this.#generation = state.generation;
    this.#skipped = new Map(state.skipped.map((key) => [key.generation, key]));
  }

  /** Starts a ratchet at generation 0. The secret is taken over. */
  static start(suite: CipherSuite, secret: Uint8Array, onChange?: (part: RatchetPart) => void): HashRatchet {
    return new HashRatchet(suite, { secret, generation: 0, skipped: [] }, onChange);
  }

  /** The secret of the next generation, and which one that is; shared, and overwritten when the ratchet moves. */
  get chain(): Omit<HashRatchetState, 'skipped'> {
    return { secret: this.#secret, generation: this.#generation };
  }

  /** Gives the key of a skipped generation if it is kept; shared, and overwritten when it is used or dropped. */
  skipped(generation: number): MessageKey | undefined {
    return this.#skipped.get(generation);
  }

  /** The parts that there are at the moment. */
  get parts(): readonly RatchetPart[] {
    return ['chain', ...this.#skipped.keys()];
  }

  /** The state to be stored; it shares the secrets, which change when the ratchet moves. */
  get state(): HashRatchetState {
    return { ...this.chain, skipped: [...this.#skipped.values()] };
  }

  /** Takes the next key for sending. @throws MlsError RATCHET_EXHAUSTED after 2^32 - 1 messages (R9.1-03) */
  next(): MessageKey {
    if (this.#generation >= LAST_GENERATION) {
      refuse('RATCHET_EXHAUSTED', 'R9.1-03', 'no generation is left in this epoch');
    }
    const { messageKey, next } = this.#step(this.#secret, this.#generation);
    wipe(this.#secret);
    this.#moveTo(this.#generation + 1, next);
    return messageKey;
  }

  /**
   * Looks up the key of a received generation.
   *
   * @throws MlsError GENERATION_CONSUMED for a replay, GENERATION_TOO_FAR beyond the limit (R15.3-04)
   */
  lookUp(generation: number, limits: RatchetLimits): Lookup {
    if (generation < this.#generation) return this.#lookUpSkipped(generation);
    const steps = generation - this.#generation;
    if (steps > limits.maximumForwardSteps || generation >= LAST_GENERATION) {
      refuse('GENERATION_TOO_FAR', 'R15.3-04', `generation ${generation} is ${steps} steps ahead`);
    }
    return this.#lookUpAhead(generation, limits);
  }

  /** Overwrites everything. */
  wipe(): void {
    wipe(this.#secret);
    for (const { key, nonce } of this.#skipped.values()) wipe(key, nonce);
    this.#skipped.clear();
  }

  #lookUpSkipped(generation: number): Lookup {
    const messageKey = this.#skipped.get(generation);
    if (messageKey === undefined) {
      refuse('GENERATION_CONSUMED', 'R6.3.2-08', `the key of generation ${generation} was used or dropped`);
    }
    return {
      messageKey,
      consume: () => {
        this.#forget(messageKey);
      },
      discard: () => {},
    };
  }

  #lookUpAhead(generation: number, limits: RatchetLimits): Lookup {
    const skipped: MessageKey[] = [];
    let secret = this.#secret;
    let step = this.#step(secret, this.#generation);
    while (step.messageKey.generation < generation) {
      skipped.push(step.messageKey);
      if (secret !== this.#secret) wipe(secret);
      secret = step.next;
      step = this.#step(secret, step.messageKey.generation + 1);
    }
    if (secret !== this.#secret) wipe(secret);
    const { messageKey, next } = step;
    return {
      messageKey,
      consume: () => {
        wipe(this.#secret, messageKey.key, messageKey.nonce);
        this.#moveTo(generation + 1, next);
        this.#keep(skipped, limits.maximumSkippedKeys);
      },
      discard: () => {
        wipe(next, messageKey.key, messageKey.nonce);
        for (const { key, nonce } of skipped) wipe(key, nonce);
      },
    };
  }

  // §15.3: the oldest keys go first when too many are kept.
  #keep(skipped: readonly MessageKey[], maximum: number): void {
    for (const messageKey of skipped) {
      this.#skipped.set(messageKey.generation, messageKey);
      this.#onChange(messageKey.generation);
    }
    for (const messageKey of this.#skipped.values()) {
      if (this.#skipped.size <= maximum) return;
      this.#forget(messageKey);
    }
  }

  #forget({ generation, key, nonce }: MessageKey): void {
    wipe(key, nonce);
    this.#skipped.delete(generation);
    this.#onChange(generation);
  }

  #moveTo(generation: number, secret: Uint8Array): void {
    this.#secret = secret;
    this.#generation = generation;
    this.#onChange('chain');
  }

  #step(secret: Uint8Array, generation: number): { messageKey: MessageKey; next: Uint8Array } {
    const { aead, kdf } = this.#suite;
    const derive = (label: string, length: number): Uint8Array =>
      deriveTreeSecret(this.#suite, secret, { label, generation, length });
    return {
      messageKey: { generation, key: derive('key', aead.keySize), nonce: derive('nonce', aead.nonceSize) },
      next: derive('secret', kdf.size),
    };
  }
}
