/**
 * From a commit to the next epoch: transcript, key schedule, confirmation tag (RFC 9420 §8).
 *
 * @module
 */

import type { CommitShape, Shape } from '../floor.ts';
import { hash, hmac, type Step } from '../step.ts';
import type { SuiteParameters } from '../suites.ts';
import { expandWithLabel, extract } from './kdf.ts';

/** The secrets that follow from the epoch secret, which then has to be deleted (RFC 9420 §8 table 4, §9.2). */
const EPOCH_SECRETS = 9;

/** Of those, what is needed of epoch 0 before it is left: confirmation_key, init, sender data, encryption (RFC 9420 §11). */
const FIRST_EPOCH_SECRETS = 4;

/** Hashes the commit, and its confirmation tag (RFC 9420 §8.2). */
export function transcriptHashes(suite: SuiteParameters, commit: CommitShape): readonly Step[] {
  return [hash(suite.hash.size + commit.bytes), interimTranscriptHash(suite)];
}

/** Hashes the confirmed hash and the confirmation tag (RFC 9420 §8.2). */
export function interimTranscriptHash(suite: SuiteParameters): Step {
  return hash(2 * suite.hash.size);
}

/** Makes the confirmation tag, or the one to compare with (RFC 9420 §6.1). */
export function confirmationTag(suite: SuiteParameters): Step {
  return hmac(suite.hash.size);
}

/** Runs the key schedule from the last epoch's init secret (RFC 9420 §8). */
export function keySchedule(suite: SuiteParameters, shape: Shape): readonly Step[] {
  return [
    extract(suite),
    expandWithLabel('joiner', 1, shape.groupContextBytes),
    ...epochSecrets(suite, shape),
  ];
}

/** Runs the key schedule from the joiner secret (RFC 9420 §8). */
export function epochSecrets(suite: SuiteParameters, shape: Shape): readonly Step[] {
  return [
    extract(suite),
    expandWithLabel('epoch', 1, shape.groupContextBytes),
    expandWithLabel('encryption', EPOCH_SECRETS),
  ];
}

/** Begins a group (RFC 9420 §11). */
export function firstEpoch(suite: SuiteParameters): readonly Step[] {
  return [
    expandWithLabel('encryption', FIRST_EPOCH_SECRETS),
    confirmationTag(suite),
    interimTranscriptHash(suite),
  ];
}
