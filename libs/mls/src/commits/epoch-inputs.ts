/**
 * From the outcome of a commit to the secrets of the epoch that it starts: the steps that making, processing and
 * joining share (RFC 9420 §12.4.1, §12.4.2).
 *
 * @module
 */

import { detached } from '@canopy/codec';
import { wipe, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import type { AuthenticatedContent } from '../framing/authentication.ts';
import { FramedContent } from '../framing/content.ts';
import type { AppliedProposals } from '../proposals/applied-proposals.ts';
import { GroupContext } from '../schedule/group-context.ts';
import {
  deriveEpoch,
  deriveJoinerSecret,
  deriveMemberSecret,
  deriveWelcomeKey,
  type NewEpoch,
} from '../schedule/key-schedule.ts';
import { derivePskSecret, findPsks, type PskStore } from '../schedule/psk.ts';
import { computeConfirmedTranscriptHash } from '../schedule/transcript-hash.ts';
import type { RatchetTree } from '../tree/ratchet-tree.ts';
import { treeHash } from '../tree/tree-hash.ts';

const LAST_EPOCH = 0xffff_ffff_ffff_ffffn;

/** Requires that there is a next epoch. @throws MlsError EPOCH_EXHAUSTED (R8.1-05) */
export function requireNextEpoch({ epoch }: Pick<GroupContext, 'epoch'>): void {
  if (epoch >= LAST_EPOCH) refuse('EPOCH_EXHAUSTED', 'R8.1-05', 'the last epoch cannot be left');
}

/** Makes the provisional context of the next epoch: everything but the transcript (RFC 9420 §12.4.1). */
export function provisionalContext(
  suite: CipherSuite,
  context: GroupContext,
  next: { readonly tree: RatchetTree; readonly extensions: AppliedProposals['extensions'] },
): GroupContext {
  requireNextEpoch(context);
  return {
    ...context,
    epoch: context.epoch + 1n,
    treeHash: treeHash(suite, next.tree.root),
    extensions: next.extensions,
  };
}

/** Completes the provisional context with the transcript of the commit (RFC 9420 §8.2). */
export function confirmedContext(
  suite: CipherSuite,
  provisional: GroupContext,
  interim: Uint8Array,
  commit: Pick<AuthenticatedContent, 'wireFormat' | 'content'> & { readonly signature: Uint8Array },
): GroupContext {
  const confirmedTranscriptHash = computeConfirmedTranscriptHash(suite, interim, {
    wireFormat: commit.wireFormat,
    content: FramedContent.bytesOf(commit.content),
    signature: commit.signature,
  });
  // Id and extensions may be parts of a message or of a GroupInfo, which the state must not keep in memory.
  return detached(GroupContext, { ...provisional, confirmedTranscriptHash });
}

/** What an epoch's secrets are derived from. */
export interface ScheduleInputs {
  readonly suite: CipherSuite;
  readonly initSecret: Uint8Array;
  /** Overwritten, also by a refusal. */
  readonly commitSecret: Uint8Array;
  readonly groupContext: GroupContext;
  readonly pskIds: AppliedProposals['psks'];
  readonly pskStore: PskStore;
  /** Whether somebody is to be let in with a Welcome. */
  readonly forWelcome: boolean;
}

/** The secrets of a new epoch, with those that go into Welcomes. */
export interface ScheduledEpoch {
  readonly epoch: NewEpoch;
  /** For Welcomes only; the caller wipes it. */
  readonly joinerSecret: Uint8Array;
  /** Where there is to be a Welcome; the caller wipes it. */
  readonly welcomeKey: { readonly key: Uint8Array; readonly nonce: Uint8Array } | undefined;
}

/** Runs the key schedule for the next epoch (RFC 9420 §8). @throws MlsError PSK_NOT_AVAILABLE */
export function scheduleEpoch(inputs: ScheduleInputs): ScheduledEpoch {
  const { suite, initSecret, commitSecret, pskIds, pskStore } = inputs;
  try {
    const pskSecret = derivePskSecret(suite, findPsks(pskIds, pskStore));
    const groupContext = GroupContext.bytesOf(inputs.groupContext);
    const joinerSecret = deriveJoinerSecret(suite, { initSecret, commitSecret, groupContext });
    const memberSecret = deriveMemberSecret(suite, joinerSecret, pskSecret);
    wipe(pskSecret);
    const welcomeKey = inputs.forWelcome ? deriveWelcomeKey(suite, memberSecret) : undefined;
    return { epoch: deriveEpoch(suite, memberSecret, groupContext), joinerSecret, welcomeKey };
  } finally {
    wipe(commitSecret);
  }
}

/** Gives the secrets of a schedule that nobody uses after all, to be overwritten. */
export function secretsOfSchedule({
  epoch,
  joinerSecret,
  welcomeKey,
}: ScheduledEpoch): readonly Uint8Array[] {
  return [...secretsOfEpoch(epoch), joinerSecret, ...Object.values(welcomeKey ?? {})];
}

/** Gives the secrets of an epoch that is not entered after all, to be overwritten. */
export function secretsOfEpoch({ secrets, encryptionSecret }: NewEpoch): readonly Uint8Array[] {
  return [...Object.values(secrets), encryptionSecret];
}

/** Overwrites what only Welcomes need. */
export function wipeWelcomeSecrets({ joinerSecret, welcomeKey }: ScheduledEpoch): void {
  wipe(joinerSecret, welcomeKey?.key, welcomeKey?.nonce);
}

/** Computes the confirmation tag of an epoch (RFC 9420 §6.1). */
export function computeConfirmationTag(
  suite: CipherSuite,
  epoch: NewEpoch,
  groupContext: GroupContext,
): Uint8Array {
  return suite.mac.compute(epoch.secrets.confirmationKey, groupContext.confirmedTranscriptHash);
}

/**
 * Requires that the tag of a commit, or of a GroupInfo, is the one of the epoch (R12.4.2-12, R12.4.3.1-19).
 *
 * @throws MlsError INVALID_CONFIRMATION_TAG
 */
export function validateConfirmationTag(
  suite: CipherSuite,
  { secrets: { confirmationKey } }: NewEpoch,
  claim: {
    readonly groupContext: GroupContext;
    readonly tag: Uint8Array | undefined;
    readonly requirement: string;
  },
): void {
  const { groupContext, tag, requirement } = claim;
  if (tag === undefined || !suite.mac.verify(confirmationKey, groupContext.confirmedTranscriptHash, tag)) {
    refuse('INVALID_CONFIRMATION_TAG', requirement, 'the confirmation tag is not the one of the epoch');
  }
}
