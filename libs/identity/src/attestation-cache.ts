/**
 * Remembers which attestations hold, so that each is verified once and not in every group again.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { verifyAttestation, type AttestationCheck, type AttestationVerdict } from './attestation.ts';
import { limitConcurrency } from './limit-concurrency.ts';

/** How much is remembered and done at a time. */
export interface AttestationCacheOptions extends Omit<AttestationCheck, 'nowMs'> {
  readonly capacity: number;
  readonly concurrency: number;
}

type Valid = Extract<AttestationVerdict, { readonly valid: true }>;

/**
 * Verifies attestations. Those that hold are kept, by their hash, until they expire, their key is withdrawn, or the least
 * recently used have to make room. Refusals are not kept: a key that is unknown now may be known later.
 */
export class AttestationCache {
  readonly #options: AttestationCacheOptions;
  readonly #limit: ReturnType<typeof limitConcurrency>;
  readonly #valid = new Map<string, Valid>();
  readonly #running = new Map<string, Promise<AttestationVerdict>>();

  constructor(options: AttestationCacheOptions) {
    this.#options = options;
    this.#limit = limitConcurrency(options.concurrency);
  }

  /** Checks an attestation, or remembers having checked it. */
  async verify(jwt: string, nowMs: number): Promise<AttestationVerdict> {
    const hash = createHash('sha256').update(jwt).digest('base64');
    return (await this.#recall(hash, nowMs)) ?? this.#verifyOnce(hash, jwt, nowMs);
  }

  async #recall(hash: string, nowMs: number): Promise<Valid | undefined> {
    const known = this.#valid.get(hash);
    if (known === undefined) return undefined;
    const expired = known.attestation.expiresAtMs <= nowMs;
    const holds = !expired && (await this.#options.keys.keyFor(known.kid)) !== undefined;
    this.#valid.delete(hash);
    if (!holds) return undefined;
    this.#keep(hash, known);
    return known;
  }

  /** Callers that ask for the same attestation at the same time share one verification. */
  #verifyOnce(hash: string, jwt: string, nowMs: number): Promise<AttestationVerdict> {
    const running = this.#running.get(hash) ?? this.#verify(hash, jwt, nowMs);
    this.#running.set(hash, running);
    return running;
  }

  async #verify(hash: string, jwt: string, nowMs: number): Promise<AttestationVerdict> {
    try {
      const { domain, keys } = this.#options;
      const verdict = await this.#limit(() => verifyAttestation(jwt, { domain, keys, nowMs }));
      if (verdict.valid) this.#keep(hash, verdict);
      return verdict;
    } finally {
      this.#running.delete(hash);
    }
  }

  #keep(hash: string, verdict: Valid): void {
    this.#valid.set(hash, verdict);
    const [oldest] = this.#valid.keys();
    if (this.#valid.size > this.#options.capacity && oldest !== undefined) this.#valid.delete(oldest);
  }
}
