/**
 * Everything that travels with a commit, for the Delivery Service (RFC 9420 §12.4.3).
 *
 * @module
 */
import { encode } from '@canopy/codec';
import { delivery } from '@canopy/contract';
import { randomBytes } from '@canopy/crypto';
import { encodeMessage, nodesOfTree, RatchetTreeNodes, WireFormat, type Group } from '@canopy/mls';
import { accessKeyOf } from './group-proof.ts';

/** What a bundle is made from. */
export interface BundleParts {
  /** An encoded MLSMessage. */
  readonly commit: Uint8Array;
  /** The group as it is after the commit. */
  readonly next: Group;
  /** An encoded MLSMessage; empty when nobody is added. */
  readonly welcome: Uint8Array;
  readonly welcomeRecipients: readonly delivery.WelcomeRecipient[];
  /** The last entry of the log that this device has. */
  readonly knownSequence: bigint;
  /** Whether all open tickets of the group end with the commit; they do not when absent. */
  readonly revokeTickets?: boolean;
}

/** Makes the bundle of a commit, under a request id of its own, and encodes it. */
export function makeBundle({
  commit,
  next,
  welcome,
  welcomeRecipients,
  knownSequence,
  revokeTickets = false,
}: BundleParts): Uint8Array {
  return delivery.CommitBundle.encode({
    groupId: next.groupId,
    epoch: next.epoch - 1n,
    requestId: randomBytes(16),
    commit,
    welcome,
    welcomeRecipients: [...welcomeRecipients],
    groupInfo: groupInfoOf(next),
    nextAccessKey: accessKeyOf(next),
    ratchetTree: treeOf(next),
    knownSequence,
    revokeTickets,
  }).finish();
}

/** With it a member that lost its way can come in again by an external Commit (RFC 9420 §12.4.3.2). */
export function groupInfoOf(group: Group): Uint8Array {
  const groupInfo = group.groupInfo({ ratchetTree: false, externalPub: true, grease: true });
  return encodeMessage({ wireFormat: WireFormat.groupInfo, groupInfo });
}

/** The tree travels once, beside Welcome and GroupInfo. */
export function treeOf(group: Group): Uint8Array {
  return encode(RatchetTreeNodes, nodesOfTree(group.state.tree));
}
