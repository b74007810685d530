/**
 * Challenges: random bytes that are good for one purpose, once, for a short time.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';

/** The length of a challenge, in bytes. */
export const CHALLENGE_LENGTH = 32;

/** Makes the bytes of a challenge. */
export function makeChallenge(): Uint8Array {
  return new Uint8Array(randomBytes(CHALLENGE_LENGTH));
}

/** Names the purpose of a challenge that is for one piece of evidence. */
export function enrolmentPurpose(evidenceHash: Uint8Array): string {
  return `enrolment ${Buffer.from(evidenceHash).toString('hex')}`;
}

/** Names the purpose of a challenge that is for one device. */
export function authenticationPurpose(device: string): string {
  return `authentication ${device}`;
}
