/**
 * Validates a commit that is not encrypted against the group's public state (RFC 9420 §12.4.2, §12.4.3.2).
 *
 * @module
 */
import { encode } from '@canopy/codec';
import type { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import {
  nodesOfTree,
  RatchetTreeNodes,
  type PublicGroup,
  type PublicMessage,
  type PublicReceived,
} from '@canopy/mls';
import type { Standing } from './calls/submit-commit.ts';
import type { Delivery } from './delivery.ts';
import { requireExternalPsk, requireOwnJoin } from './external-joins.ts';
import { isRefusal } from './public-groups.ts';
import type { CheckedCommit } from './rules/check-commit.ts';
import { RefusedSubmission, requireThat } from './rules/refused-submission.ts';
import { validateStatement } from './validate-statement.ts';

/** A commit that looks as it should. */
export interface CommitToValidate {
  readonly bundle: delivery.CommitBundle;
  readonly checked: CheckedCommit;
  readonly standing: Standing;
}

/**
 * Requires that the members can take a commit, as far as it and the group's state are public; and of an external commit, that
 * it may pass at all.
 *
 * @throws {RefusedSubmission} INVALID, GROUP_INFO_MISMATCH, CREDENTIAL_INVALID, NOT_A_RESYNC
 */
export async function validateCommit(service: Delivery, commit: CommitToValidate): Promise<void> {
  const { bundle, checked } = commit;
  const { publicMessage, isExternalCommit } = checked.header;
  if (publicMessage === undefined) return validateStatement(service, commit);
  const state = await service.publicGroups.at(bundle.groupId, bundle.epoch);
  if (state === 'over') return;
  if (state === undefined) {
    requireThat(!isExternalCommit, 'INVALID', 'the tree of the group is not known here');
    return validateStatement(service, commit);
  }
  // A commit of a member may name encrypted proposals; an external one names none.
  if (!state.hasAllProposals && !isExternalCommit) return validateStatement(service, commit);
  const { group: next, effects } = await receive(state.group, publicMessage);
  requireGroupInfo(next, commit);
  if (isExternalCommit) {
    const { caller, kind } = commit.standing;
    await requireOwnJoin(service, effects, { caller, hasTicket: kind === 'guest' });
    if (kind === 'guest') requireExternalPsk(publicMessage);
  }
}

async function receive(
  group: PublicGroup,
  message: PublicMessage,
): Promise<Extract<PublicReceived, { readonly kind: 'commit' }>> {
  const received = await refusing('INVALID', 'commit', () => group.receive(message));
  if (received.kind !== 'commit') throw new RefusedSubmission('WRONG_CONTENT', 'commit: is not a commit');
  return received;
}

function requireGroupInfo(next: PublicGroup, { bundle, checked }: CommitToValidate): void {
  try {
    next.requireGroupInfo(checked.groupInfo);
  } catch (error) {
    throw refusalOf(error, 'GROUP_INFO_MISMATCH', 'group_info');
  }
  const { ratchetTree } = bundle;
  const isSame =
    ratchetTree.length === 0 || equal(encode(RatchetTreeNodes, nodesOfTree(next.tree)), ratchetTree);
  requireThat(
    isSame,
    'GROUP_INFO_MISMATCH',
    'ratchet_tree: is not the tree of the epoch that the commit begins',
  );
}

async function refusing<T>(reason: 'INVALID', field: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusalOf(error, reason, field);
  }
}

/** What the protocol refuses is the sender's fault; anything else is ours. */
function refusalOf(error: unknown, reason: 'INVALID' | 'GROUP_INFO_MISMATCH', field: string): unknown {
  return isRefusal(error)
    ? new RefusedSubmission(reason, `${field}: ${error.code}`, { cause: error })
    : error;
}
