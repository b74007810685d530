/**
 * Signatures that are verified together, before the step that asks for them (RFC 9420 §7.3, §10.1).
 *
 * A joiner verifies a signature for each member. On the thread pool all processors work at that; the steps themselves
 * stay synchronous and find the answers here, as they find those about identities.
 *
 * @module
 */

import { CryptoError, equal, verifyWithLabel, verifyWithLabelAsync } from '@canopy/crypto';
import type { CipherSuite, LabelledSignature } from '@canopy/crypto';
import type { LeafPosition } from './leaf-node.ts';

/** A signature that an object carries. */
export interface SignatureClaim {
  /** An immutable object: the answer is kept by it. */
  readonly subject: object;
  /** Where a leaf stands, which is part of what is signed (RFC 9420 §7.2). */
  readonly position: LeafPosition | undefined;
  /** Gives what was signed, with which key. */
  signed(): LabelledSignature;
}

interface Answer {
  readonly position: LeafPosition | undefined;
  readonly valid: boolean;
}

/** Fewer signatures than this are verified where they are asked for: the way to the pool and back takes time, too. */
const WORTH_THE_WAY = 4;
/** So many are on their way at once: enough to keep the pool busy, and few enough not to be waited for at the end. */
const IN_FLIGHT = 32;
/** And so many while this thread works at them as well, faster than the pool. */
const IN_FLIGHT_BESIDE = 8;
/** So many are verified here before others have their turn: less than a millisecond. */
const ONE_TURN = 8;

/** The signatures that were verified ahead. */
export class SignatureAnswers {
  readonly #suite: CipherSuite;
  readonly #answers = new Map<object, Answer>();

  private constructor(suite: CipherSuite) {
    this.#suite = suite;
  }

  /** Verifies claims on the thread pool, unless they are few. */
  static async verify(suite: CipherSuite, claims: readonly SignatureClaim[]): Promise<SignatureAnswers> {
    const answers = new SignatureAnswers(suite);
    if (claims.length < WORTH_THE_WAY) return answers;
    const left = claims.values();
    // All workers take from one iterator, so each claim is verified once.
    const workers = Array.from({ length: suite.backEnd === 'sodium' ? IN_FLIGHT_BESIDE : IN_FLIGHT }, () =>
      answers.#workOnPool(left),
    );
    // libsodium takes half the time, and this thread would only wait.
    if (suite.backEnd === 'sodium') workers.push(answers.#workHere(left));
    await Promise.all(workers);
    return answers;
  }

  /** Says whether a signature is valid; one that was not verified ahead is verified now. @throws CryptoError INVALID_PUBLIC_KEY */
  isValid(suite: CipherSuite, claim: SignatureClaim): boolean {
    const answer = suite === this.#suite ? this.#answers.get(claim.subject) : undefined;
    if (answer !== undefined && isSamePosition(answer.position, claim.position)) return answer.valid;
    return verifyWithLabel(suite, claim.signed());
  }

  async #workOnPool(claims: Iterable<SignatureClaim>): Promise<void> {
    for (const claim of claims) {
      await this.#answer(claim, () => verifyWithLabelAsync(this.#suite, claim.signed()));
    }
  }

  // Others have their turn now and then.
  async #workHere(claims: Iterable<SignatureClaim>): Promise<void> {
    let inTurn = 0;
    for (const claim of claims) {
      await this.#answer(claim, () => verifyWithLabel(this.#suite, claim.signed()));
      inTurn = (inTurn + 1) % ONE_TURN;
      if (inTurn === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
  }

  async #answer(
    { subject, position }: SignatureClaim,
    verify: () => boolean | Promise<boolean>,
  ): Promise<void> {
    try {
      this.#answers.set(subject, { position, valid: await verify() });
    } catch (error) {
      // A malformed key is refused by the step that looks at it.
      if (!(error instanceof CryptoError)) throw error;
    }
  }
}

function isSamePosition(a: LeafPosition | undefined, b: LeafPosition | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.leafIndex === b.leafIndex && (a.groupId === b.groupId || equal(a.groupId, b.groupId));
}
