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

/** Checks a bundle and cuts its Welcome into pieces, one a joiner. @throws {RefusedSubmission} */
export function checkCommit(
  { bundle, size, cipherSuite }: OfferedCommit,
  limits: CommitLimits,
): readonly WelcomeSlice[] {
  const { maxBundleBytes } = limits;
  requireThat(size <= maxBundleBytes, 'TOO_LARGE', `a bundle has at most ${maxBundleBytes} bytes`);
  const header = readHeader(readMlsMessage(bundle.commit, 'commit'));
  requireThat(header.contentType === ContentType.commit, 'WRONG_CONTENT', 'commit: is not a commit');
  requirePlace(header, bundle);
  requireGroupInfo(readGroupInfo(bundle.groupInfo), header, cipherSuite);
  requireAccessKey(bundle.nextAccessKey);
  requireTree(bundle.ratchetTree);
  return sliceForRecipients(bundle, cipherSuite, limits);
}

function readGroupInfo(bytes: Uint8Array): GroupInfo {
  const message = readMlsMessage(bytes, 'group_info');
  if (message.wireFormat !== WireFormat.groupInfo) {
    throw new RefusedSubmission('WRONG_CONTENT', 'group_info: is not a GroupInfo');
  }
  return message.groupInfo;
}

function requireGroupInfo(groupInfo: GroupInfo, commit: MessageHeader, cipherSuite: number): void {
  const { groupContext, confirmationTag } = groupInfo;
  fits(equal(groupContext.groupId, commit.groupId), 'group id');
  fits(groupContext.epoch === commit.epoch + 1n, 'epoch than the one that the commit begins');
  fits(groupContext.cipherSuite === cipherSuite, 'cipher suite');
  // In a PrivateMessage the tag is encrypted: there the members alone can compare.
  const tag = commit.confirmationTag;
  fits(tag === undefined || equal(tag, confirmationTag), 'confirmation tag than the commit');
}

function fits(condition: boolean, what: string): void {
  requireThat(condition, 'GROUP_INFO_MISMATCH', `the GroupInfo has another ${what}`);
}

function requireAccessKey(accessKey: Uint8Array): void {
  decodeOrRefuse('next_access_key', () => getCipherSuite(1).signature.validatePublicKey(accessKey));
}

function requireTree(ratchetTree: Uint8Array): void {
  if (ratchetTree.length > 0) decodeOrRefuse('ratchet_tree', () => decode(RatchetTreeNodes, ratchetTree));
}
