/**
 * Makes a commit with everything that travels with it (RFC 9420 §12.4.1, §12.4.3).
 *
 * @module
 */
import { encode } from '@canopy/codec';
import { delivery } from '@canopy/contract';
import { randomBytes } from '@canopy/crypto';
import {
  encodeMessage,
  Group,
  nodesOfTree,
  RatchetTreeNodes,
  WireFormat,
  type CreatedCommit,
  type GroupOptions,
  type Proposal,
} from '@canopy/mls';
import { accessKeyOf } from './group-proof.ts';
import { changeOf } from './members.ts';
import type { PendingCommit } from './pending-commit.ts';

/** What a commit is to do. */
export interface PlannedCommit {
  readonly proposals: readonly Proposal[];
  /** Whether the committer gets new keys even where the proposals do not ask for it. */
  readonly forcePath: boolean;
  /** Whose mailbox gets the Welcome of which KeyPackage. */
  readonly recipients: readonly delivery.WelcomeRecipient[];
}

/** Looks at a group and says what is to be done, or undefined when nothing is left to do. */
export type CommitPlan = (group: Group) => PlannedCommit | undefined;

/** A commit that is ready to be saved and sent. */
export type MadeCommit = Omit<PendingCommit, 'fate'>;

/** Makes a commit for a group's current epoch; undefined when the plan finds nothing to do. */
export async function stageCommit(
  group: Group,
  plan: CommitPlan,
  options: GroupOptions,
): Promise<MadeCommit | undefined> {
  const planned = plan(group);
  if (planned === undefined) return undefined;
  const { proposals, forcePath, recipients } = planned;
  // The tree travels once, beside Welcome and GroupInfo.
  const welcomeInfo = { ratchetTree: false, externalPub: false, grease: true };
  const created = await group.commit({ proposals, forcePath, welcomeInfo });
  const commit = encodeMessage(created.message);
  const next = new Group(created.staged.state, options);
  const bundle = delivery.CommitBundle.encode({
    groupId: group.groupId,
    epoch: group.epoch,
    requestId: randomBytes(16),
    commit,
    welcome: welcomeOf(created),
    welcomeRecipients: [...recipients],
    groupInfo: groupInfoOf(next),
    nextAccessKey: accessKeyOf(next),
    ratchetTree: encode(RatchetTreeNodes, nodesOfTree(created.staged.state.tree)),
  }).finish();
  return { bundle, commit, change: changeOf(created.staged), staged: created.staged };
}

function welcomeOf({ welcome }: CreatedCommit): Uint8Array {
  return welcome === undefined
    ? new Uint8Array(0)
    : encodeMessage({ wireFormat: WireFormat.welcome, welcome });
}

/** With it a member that lost its way can come in again by an external Commit (RFC 9420 §12.4.3.2). */
function groupInfoOf(next: Group): Uint8Array {
  const groupInfo = next.groupInfo({ ratchetTree: false, externalPub: true, grease: true });
  return encodeMessage({ wireFormat: WireFormat.groupInfo, groupInfo });
}
