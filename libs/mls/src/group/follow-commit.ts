/**
 * How somebody who is not a member follows a commit (RFC 9420 §12.4.2, without the steps that need secrets).
 *
 * @module
 */

import { confirmedContext, provisionalContext } from '../commits/epoch-inputs.ts';
import {
  effectsOf,
  mergePublicPart,
  validateCommit,
  validateEpoch,
  type IncomingCommit,
} from '../commits/validate-commit.ts';
import { statusAfter } from '../commits/create-commit.ts';
import { required } from '../errors.ts';
import type { Verified } from '../framing/unprotect.ts';
import type { Ports } from './ports.ts';
import type { CommitEffects } from './staged-commit.ts';
import { requireActive, type PublicState } from './state.ts';
import { computeInterimTranscriptHash } from '../schedule/transcript-hash.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';

/** The public state of the next epoch, and what the commit does. */
export interface FollowedCommit {
  readonly state: PublicState;
  readonly effects: CommitEffects;
}

/** Validates a commit as far as it is public and gives the state of the epoch that it begins. @throws MlsError */
export function followCommit(state: PublicState, verified: Verified, ports: Ports): FollowedCommit {
  requireActive(state);
  validateEpoch(state, verified);
  const incoming = validateCommit(state, verified, ports);
  const tree = treeAfter(state, incoming, ports);
  return { state: enterEpoch(state, incoming, tree), effects: effectsOf(incoming) };
}

function treeAfter(state: PublicState, incoming: IncomingCommit, ports: Ports): RatchetTree {
  const { commit, applied } = incoming;
  if (commit.path === undefined) return applied.tree;
  return mergePublicPart(state, incoming, commit.path, ports).merged.tree;
}

function enterEpoch(
  state: PublicState,
  { verified, applied }: IncomingCommit,
  tree: RatchetTree,
): PublicState {
  const { suite } = state;
  const { wireFormat, content, auth } = verified;
  const { signature } = auth;
  const provisional = provisionalContext(suite, state.groupContext, { ...applied, tree });
  const commit = { wireFormat, content, signature };
  const groupContext = confirmedContext(suite, provisional, state.interimTranscriptHash, commit);
  // A copy: the state must not keep the whole message in memory.
  const confirmationTag = required(auth.confirmationTag, 'the tag of a commit').slice();
  const { confirmedTranscriptHash } = groupContext;
  const interimTranscriptHash = computeInterimTranscriptHash(suite, confirmedTranscriptHash, confirmationTag);
  const epoch = { suite, groupContext, tree, confirmationTag, interimTranscriptHash };
  return { ...epoch, status: statusAfter(applied), proposals: [] };
}
