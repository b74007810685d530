/**
 * Makes a commit with everything that travels with it (RFC 9420 §12.4.1, §12.4.3).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import {
  encodeMessage,
  Group,
  WireFormat,
  type ClientIdentity,
  type CreatedCommit,
  type GroupOptions,
  type Proposal,
} from '@canopy/mls';
import { makeBundle } from './make-bundle.ts';
import { changeOf, removesAnother } from './members.ts';
import type { PendingCommit } from './pending-commit.ts';

/** What a commit is to do. */
export interface PlannedCommit {
  readonly proposals: readonly Proposal[];
  /** Whether the committer gets new keys even where the proposals do not ask for it. */
  readonly forcePath: boolean;
  /** What the own leaf says from now on; as before when absent. */
  readonly identity?: ClientIdentity;
  /** Whose mailbox gets the Welcome of which KeyPackage. */
  readonly recipients: readonly delivery.WelcomeRecipient[];
}

/** Looks at a group and says what is to be done, or undefined when nothing is left to do. */
export type CommitPlan = (group: Group) => PlannedCommit | undefined;

/** A commit that is ready to be saved and sent. */
export type MadeCommit = Omit<PendingCommit, 'fate'>;

/** What a commit stands on. */
export interface CommitBase {
  readonly group: Group;
  /** The last entry of the log that the group has seen. */
  readonly knownSequence: bigint;
  readonly options: GroupOptions;
}

/** Makes a commit for a group's current epoch; undefined when the plan finds nothing to do. */
export async function stageCommit(
  { group, knownSequence, options }: CommitBase,
  plan: CommitPlan,
): Promise<MadeCommit | undefined> {
  const planned = plan(group);
  if (planned === undefined) return undefined;
  const { proposals, forcePath, identity, recipients: welcomeRecipients } = planned;
  const welcomeInfo = { ratchetTree: false, externalPub: false, grease: true };
  const created = await group.commit({ proposals, forcePath, identity, welcomeInfo });
  const commit = encodeMessage(created.message);
  const next = new Group(created.staged.state, options);
  const change = changeOf(created.staged);
  const bundle = makeBundle({
    commit,
    next,
    welcome: welcomeOf(created),
    welcomeRecipients,
    knownSequence,
    revokeTickets: removesAnother(change),
  });
  return { bundle, commit, change, staged: created.staged };
}

function welcomeOf({ welcome }: CreatedCommit): Uint8Array {
  return welcome === undefined
    ? new Uint8Array(0)
    : encodeMessage({ wireFormat: WireFormat.welcome, welcome });
}
