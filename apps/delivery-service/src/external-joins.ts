/**
 * Which external commits pass (RFC 9420 §12.4.3.2): those of guests with a ticket, and those of members that come back.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import { findNamedDevice } from '@canopy/identity';
import {
  ContentType,
  ProposalOrRefType,
  ProposalType,
  PSKType,
  type CommitEffects,
  type LeafNode,
  type PublicMessage,
  type RatchetTree,
} from '@canopy/mls';
import type { Caller } from '@canopy/service';
import type { Delivery } from './delivery.ts';
import { RefusedSubmission, requireThat } from './rules/refused-submission.ts';
import { sha256 } from './sha256.ts';

/**
 * Requires that a ticket opens a group, or that the commit which it opened the group for is there already.
 *
 * @throws {RefusedSubmission} TICKET_INVALID, in the same words for a group that does not exist
 */
export async function requireTicket(
  { stores: { groupLog }, clock }: Delivery,
  { groupId, epoch, commit }: delivery.CommitBundle,
  ticketHash: Uint8Array,
): Promise<void> {
  if (await groupLog.hasTicket(groupId, ticketHash, Math.floor(clock.now()))) return;
  const ended = (await groupLog.findEpoch(groupId, epoch))?.ended;
  const isRepeated = ended !== undefined && equal(ended.commitHash, sha256(commit));
  requireThat(isRepeated, 'TICKET_INVALID', 'the ticket is unknown, used or expired');
}

/**
 * Requires that the commit of a guest shows an external key: without one all members would refuse what the log has accepted.
 * Whether it is the key of the ticket, they alone can tell.
 *
 * @throws {RefusedSubmission} WRONG_CONTENT
 */
export function requireExternalPsk({ content: { body } }: PublicMessage): void {
  const proposals = body.contentType === ContentType.commit ? body.commit.proposals : [];
  const showsKey = proposals.some(
    (one) =>
      one.type === ProposalOrRefType.proposal &&
      one.proposal.proposalType === ProposalType.psk &&
      one.proposal.psk.pskType === PSKType.external,
  );
  requireThat(showsKey, 'WRONG_CONTENT', 'the commit of a guest shows no pre-shared key of a ticket');
}

/**
 * Requires that who joins is the device that sends the commit, and that it removes nobody but itself; without a ticket, that
 * it does remove its own old leaf.
 *
 * @throws {RefusedSubmission} CREDENTIAL_INVALID, NOT_A_RESYNC
 */
export async function requireOwnJoin(
  service: Delivery,
  { committerLeaf, removed }: CommitEffects,
  { caller, hasTicket }: { readonly caller: Caller; readonly hasTicket: boolean },
): Promise<void> {
  await requireCredential(service, committerLeaf, caller);
  const isOwn = removed.every(({ before }) => findNamedDevice(before.credential) === caller.device);
  requireThat(isOwn, 'NOT_A_RESYNC', 'the commit removes another device than the joiner');
  requireThat(
    hasTicket || removed.length === 1,
    'NOT_A_RESYNC',
    'the commit does not remove an old leaf of the joiner, and there is no ticket',
  );
}

async function requireCredential(
  { identities, revocations }: Delivery,
  leaf: LeafNode | undefined,
  { device }: Caller,
): Promise<void> {
  const isOwn = leaf !== undefined && findNamedDevice(leaf.credential) === device;
  requireThat(isOwn, 'CREDENTIAL_INVALID', 'the joiner is another device than the caller');
  const { credential, signatureKey, extensions } = leaf;
  requireThat(!revocations.hasKey(signatureKey), 'CREDENTIAL_INVALID', 'KEY_REVOKED');
  const verdict = await identities.provider.validateCredential({ credential, signatureKey, extensions });
  if (!verdict.valid) throw new RefusedSubmission('CREDENTIAL_INVALID', verdict.reason);
}

/** The devices of trees that were asked about: reading all certificates of a large group takes its time. */
const devicesOfTrees = new WeakMap<RatchetTree, ReadonlySet<string | undefined>>();

/** Tells whether a device has a leaf in a tree. */
export function hasLeaf(tree: RatchetTree, device: string): boolean {
  const known = devicesOfTrees.get(tree);
  const devices =
    known ?? new Set([...tree.members()].map(({ leafNode }) => findNamedDevice(leafNode.credential)));
  if (known === undefined) devicesOfTrees.set(tree, devices);
  return devices.has(device);
}
