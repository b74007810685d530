/**
 * What can be checked of a commit without the group's secrets (RFC 9420 §12.4, §12.4.3).
 *
 * @module
 */
import { decode } from '@canopy/codec';
import type { delivery } from '@canopy/contract';
import { equal, getCipherSuite } from '@canopy/crypto';
import { ContentType, RatchetTreeNodes, WireFormat, type GroupInfo } from '@canopy/mls';
import type { WelcomeSlice } from '@canopy/storage';
import { readHeader, requirePlace, type MessageHeader } from './message-header.ts';
import { decodeOrRefuse, readMlsMessage, requireThat, RefusedSubmission } from './refused-submission.ts';
import { sliceForRecipients, type WelcomeLimits } from './slice-welcome.ts';

/** What a bundle is measured with. */
export interface CommitLimits extends WelcomeLimits {
  readonly maxBundleBytes: number;
}

/** A bundle and what is known about it. */
export interface OfferedCommit {
  readonly bundle: delivery.CommitBundle;
  /** The length of the encoded bundle. */
  readonly size: number;
  /** The group's suite. */
  readonly cipherSuite: number;
}

/** What was found in a bundle. */
export interface CheckedCommit {
  readonly header: MessageHeader;
  readonly groupInfo: GroupInfo;
  readonly welcomes: readonly WelcomeSlice[];
}

/** Checks a bundle and cuts its Welcome into pieces, one a joiner. @throws {RefusedSubmission} */
export function checkCommit(
  { bundle, size, cipherSuite }: OfferedCommit,
  limits: CommitLimits,
): CheckedCommit {
  const { maxBundleBytes } = limits;
  requireThat(
    size <= maxBundleBytes,
    'TOO_LARGE',
    `CANOPY_MAX_BUNDLE_BYTES: a bundle has at most ${maxBundleBytes} bytes`,
  );
  const header = checkCommitHeader(bundle.commit, bundle);
  const groupInfo = checkGroupInfo(bundle.groupInfo, {
    groupId: header.groupId,
    epoch: header.epoch + 1n,
    cipherSuite,
    confirmationTag: header.publicMessage?.auth.confirmationTag,
  });
  requireAccessKey(bundle.nextAccessKey);
  requireTree(bundle.ratchetTree);
  return { header, groupInfo, welcomes: sliceForRecipients(bundle, cipherSuite, limits) };
}

/** Reads the header of a commit that has to belong where its envelope says. @throws {RefusedSubmission} */
export function checkCommitHeader(
  commit: Uint8Array,
  envelope: { readonly groupId: Uint8Array; readonly epoch: bigint },
): MessageHeader {
  const header = readHeader(readMlsMessage(commit, 'commit'));
  requireThat(header.contentType === ContentType.commit, 'WRONG_CONTENT', 'commit: is not a commit');
  requirePlace(header, envelope);
  return header;
}

/** What a GroupInfo has to be about. */
export interface ExpectedEpoch {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly cipherSuite: number;
  /** Undefined where it is encrypted: there the members alone can compare. */
  readonly confirmationTag: Uint8Array | undefined;
}

/** Reads a GroupInfo that has to be about an epoch. @throws {RefusedSubmission} MALFORMED, WRONG_CONTENT, GROUP_INFO_MISMATCH */
export function checkGroupInfo(bytes: Uint8Array, expected: ExpectedEpoch): GroupInfo {
  const message = readMlsMessage(bytes, 'group_info');
  if (message.wireFormat !== WireFormat.groupInfo) {
    throw new RefusedSubmission('WRONG_CONTENT', 'group_info: is not a GroupInfo');
  }
  requireGroupInfo(message.groupInfo, expected);
  return message.groupInfo;
}

function requireGroupInfo(
  { groupContext, confirmationTag }: GroupInfo,
  { groupId, epoch, cipherSuite, confirmationTag: tag }: ExpectedEpoch,
): void {
  fits(equal(groupContext.groupId, groupId), 'group id');
  fits(groupContext.epoch === epoch, 'epoch than the one that the commit begins');
  fits(groupContext.cipherSuite === cipherSuite, 'cipher suite');
  fits(tag === undefined || equal(tag, confirmationTag), 'confirmation tag than the commit');
}

function fits(condition: boolean, what: string): void {
  requireThat(condition, 'GROUP_INFO_MISMATCH', `the GroupInfo has another ${what}`);
}

function requireAccessKey(accessKey: Uint8Array): void {
  decodeOrRefuse('next_access_key', () => getCipherSuite(1).signature.validatePublicKey(accessKey));
}

/** Requires that bytes are a ratchet tree, or none. @throws {RefusedSubmission} MALFORMED */
export function requireTree(ratchetTree: Uint8Array): void {
  if (ratchetTree.length > 0) decodeOrRefuse('ratchet_tree', () => decode(RatchetTreeNodes, ratchetTree));
}
