/**
 * How long an encrypted message is made, so that its length tells little (RFC 9420 §6.3.1, §15.1).
 *
 * @module
 */

import { refuse } from '../errors.ts';
import type { Padding } from '../policy.ts';

/**
 * Gives the length that a content is padded to: never less than it has, and for the sake of padding never more than
 * there is room for (R15.1-01).
 *
 * @throws MlsError MISUSE for a block that is no positive whole number
 */
export function paddedLength(padding: Padding, length: number, room: number): number {
  return Math.max(length, Math.min(wantedLength(padding, length), room));
}

function wantedLength(padding: Padding, length: number): number {
  switch (padding.kind) {
    case 'none':
      return length;
    case 'block':
      return roundUp(length, padding.size);
    case 'padme':
      return padmeLength(length);
  }
}

function roundUp(length: number, size: number): number {
  if (!Number.isSafeInteger(size) || size < 1) {
    refuse('MISUSE', 'R15.1-01', `a padding block of whole bytes expected, found ${size}`);
  }
  return Math.ceil(length / size) * size;
}

/**
 * Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PETS 2019): a
 * length keeps as many of its leading bits as it takes to write down how many bits it has, and is rounded up behind
 * them. That leaves O(log log) bits to be seen and costs an eighth at most.
 */
function padmeLength(length: number): number {
  if (length < 2) return length;
  const exponent = Math.floor(Math.log2(length));
  const keptBits = Math.floor(Math.log2(exponent)) + 1;
  return roundUp(length, 2 ** (exponent - keptBits));
}
