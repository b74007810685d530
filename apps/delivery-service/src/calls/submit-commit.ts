/**
 * SubmitCommit: ends an epoch, once (RFC 9420 §14).
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import { permissionDenied, type Caller } from '@canopy/service';
import type { AppendOutcome, EpochEnd, NewCommit } from '@canopy/storage';
import type { Delivery } from '../delivery.ts';
import { requireTicket } from '../external-joins.ts';
import { exhausted } from '../request-limits.ts';
import { checkCommit, type CheckedCommit } from '../rules/check-commit.ts';
import { requireThat } from '../rules/refused-submission.ts';
import { sha256 } from '../sha256.ts';
import { validateCommit } from '../validate-commit.ts';
import { toAnswer, toLimited, type Place, type Sender } from './append-answer.ts';
import { readBundle } from './request-fields.ts';
import { rejecting } from './send-message.ts';

/** Who offers a commit, and how it has shown that it may. */
export type Standing =
  | { readonly kind: 'member'; readonly caller: Caller; readonly epoch: bigint }
  | { readonly kind: 'guest'; readonly caller: Caller; readonly ticketHash: Uint8Array };

/** Offers a commit to the log; what cannot be accepted as it is gets a `rejected` answer. */
export async function submitCommit(
  service: Delivery,
  request: delivery.SubmitCommitRequest,
  caller: Caller,
): Promise<delivery.SubmitCommitResponse> {
  const bundle = readBundle(request.bundle);
  const standing = await standingOf(service, request, caller);
  const response = await offerCommit(service, { request, bundle, standing, place: 'call' });
  if (response.result?.$case === 'limited') throw exhausted(response.result.value);
  return response;
}

/** Finds out how the sender of a bundle has shown that it may commit. @throws {ServiceError} PERMISSION_DENIED */
export async function standingOf(
  { gatekeeper }: Delivery,
  { bundle: body, proof, ticket }: delivery.SubmitCommitRequest,
  caller: Caller,
): Promise<Standing> {
  const { groupId } = readBundle(body);
  if (ticket.length > 0) return { kind: 'guest', caller, ticketHash: sha256(ticket) };
  const { epoch } = await gatekeeper.admit({ method: 'SubmitCommit', groupId, body, proof });
  return { kind: 'member', caller, epoch };
}

/** A bundle by somebody who has shown something. */
export interface CommitOffer {
  readonly request: delivery.SubmitCommitRequest;
  readonly bundle: delivery.CommitBundle;
  readonly standing: Standing;
  readonly place: Place;
}

/** Offers a commit whose sender is known. @throws {ServiceError} PERMISSION_DENIED */
export function offerCommit(service: Delivery, offer: CommitOffer): Promise<delivery.SubmitCommitResponse> {
  const { bundle, standing } = offer;
  return rejecting(async () => {
    // A ticket comes first: who has none must not learn whether there is such a group, nor cost more than this.
    if (standing.kind === 'guest') await requireTicket(service, bundle, standing.ticketHash);
    const exceeded = await service.limits.ofGroup(bundle.groupId);
    if (exceeded !== undefined) return toLimited(exceeded);
    const checked = await check(service, offer);
    const tooMany = await service.limits.ofDevice(standing.caller.device, checked.welcomes.length);
    if (tooMany !== undefined) return toLimited(tooMany);
    await validateCommit(service, { bundle, checked, standing });
    return append(service, offer, checked);
  }).then((result) => ({ result }));
}

async function check({ stores, config }: Delivery, offer: CommitOffer): Promise<CheckedCommit> {
  const { request, bundle, standing } = offer;
  const group = await stores.groupLog.findGroup(bundle.groupId);
  if (group === undefined) throw permissionDenied('PROOF_INVALID');
  const { cipherSuite } = group;
  const checked = checkCommit({ bundle, size: request.bundle.length, cipherSuite }, config);
  requireStanding(standing, bundle, { isExternal: checked.header.isExternalCommit, ...config });
  return checked;
}

/** A member speaks for the epoch that its commit ends; one that comes back, also for one that is not long over. */
function requireStanding(
  standing: Standing,
  { epoch }: delivery.CommitBundle,
  { isExternal, resyncEpochs }: { readonly isExternal: boolean; readonly resyncEpochs: number },
): void {
  if (standing.kind === 'guest') {
    requireThat(isExternal, 'WRONG_CONTENT', 'a ticket is for an external commit');
    return;
  }
  const lag = epoch - standing.epoch;
  if (lag < 0n || lag > (isExternal ? BigInt(resyncEpochs) : 0n)) {
    throw permissionDenied('PROOF_WRONG_EPOCH');
  }
}

async function append(
  service: Delivery,
  offer: CommitOffer,
  { welcomes }: CheckedCommit,
): Promise<NonNullable<delivery.SubmitCommitResponse['result']>> {
  const { bundle, standing } = offer;
  const { groupId, epoch, requestId, commit, groupInfo, ratchetTree, nextAccessKey } = bundle;
  const entry: NewCommit = {
    groupId,
    epoch,
    requestId,
    commit,
    commitHash: sha256(commit),
    groupInfo,
    ratchetTree: ratchetTree.length === 0 ? undefined : ratchetTree,
    nextAccessKey,
    welcomes,
    receipt: await service.receipts.factsFor(groupId, epoch),
    ticketHash: standing.kind === 'guest' ? standing.ticketHash : undefined,
    revokesTickets: bundle.revokeTickets,
  };
  const outcome = await service.stores.groupLog.appendCommit(entry);
  if (outcome.outcome === 'accepted' && welcomes.length > 0) service.outbox.kick();
  if (outcome.outcome === 'alreadyAccepted') await requireSame(service, bundle);
  const answer = await toAnswer(service, senderOf(offer), outcome);
  if (answer.$case !== 'accepted') return answer;
  const receipt = await receiptFor(service, entry, outcome);
  return { $case: 'accepted', value: { ...answer.value, receipt } };
}

function senderOf({ bundle: { groupId, knownSequence }, standing, place }: CommitOffer): Sender {
  return { groupId, place, knownSequence, epoch: standing.kind === 'member' ? standing.epoch : undefined };
}

async function receiptFor(
  { receipts, stores }: Delivery,
  { groupId, epoch, receipt, commitHash, nextAccessKey }: NewCommit,
  outcome: AppendOutcome,
): Promise<string> {
  const ended: EpochEnd | undefined =
    outcome.outcome === 'accepted'
      ? { ...receipt, sequence: outcome.sequence, commitHash, nextAccessKey }
      : (await stores.groupLog.findEpoch(groupId, epoch))?.ended;
  return ended === undefined ? '' : receipts.receiptOf({ groupId, epoch, ended });
}

/** The log knows a repeated commit by its bytes; what came with it has to be the same too, as far as it is still there. */
async function requireSame(
  { stores: { groupLog } }: Delivery,
  { groupId, epoch, groupInfo, ratchetTree, nextAccessKey }: delivery.CommitBundle,
): Promise<void> {
  const next = await groupLog.findEpoch(groupId, epoch + 1n);
  const stored = await groupLog.groupInfo(groupId);
  const tree = stored?.tree?.hash ?? sha256(new Uint8Array());
  const same =
    (next === undefined || equal(next.accessKey, nextAccessKey)) &&
    (stored?.epoch !== epoch + 1n ||
      (equal(stored.groupInfo, groupInfo) && equal(tree, sha256(ratchetTree))));
  requireThat(
    same,
    'REQUEST_ID_REUSED',
    'the request id belongs to this commit with another GroupInfo or key',
  );
}
