/**
 * SendMessage: appends a proposal or an application message.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { PublicMessage } from '@canopy/mls';
import { permissionDenied } from '@canopy/service';
import type { AppendOutcome, NewMessage } from '@canopy/storage';
import type { Delivery } from '../delivery.ts';
import { isRefusal } from '../public-groups.ts';
import { exhausted } from '../request-limits.ts';
import { checkMessage } from '../rules/check-message.ts';
import { pastEpochsFor } from '../rules/past-epochs.ts';
import { RefusedSubmission } from '../rules/refused-submission.ts';
import { toAnswer, toLimited, type AppendAnswer, type Place } from './append-answer.ts';
import { readMessage } from './request-fields.ts';

/** Offers a message to the log; what cannot be accepted as it is gets a `rejected` answer. */
export async function sendMessage(
  service: Delivery,
  request: delivery.SendMessageRequest,
): Promise<delivery.SendMessageResponse> {
  const message = readMessage(request.message);
  const response = await proveAndSend(service, request, { message, place: 'call' });
  if (response.result?.$case === 'limited') throw exhausted(response.result.value);
  return response;
}

/** Offers a message whose sender shows a proof. @throws {ServiceError} PERMISSION_DENIED */
export async function proveAndSend(
  service: Delivery,
  { message: body, proof }: delivery.SendMessageRequest,
  { message, place }: { readonly message: delivery.GroupMessage; readonly place: Place },
): Promise<delivery.SendMessageResponse> {
  const { groupId, epoch } = message;
  const access = await service.gatekeeper.admit({ method: 'SendMessage', groupId, body, proof });
  if (access.epoch < epoch) throw permissionDenied('PROOF_WRONG_EPOCH');
  const exceeded = await service.limits.ofGroup(groupId);
  if (exceeded !== undefined) return { result: toLimited(exceeded) };
  const result = await rejecting(async () => {
    const offer = checkOffer(service, message, access.epoch);
    await requireValidProposal(service, offer);
    const [outcome] = await service.stores.groupLog.appendMessages([offer.entry]);
    if (outcome === undefined) throw new TypeError('the log answers every message');
    return answerTo(service, { ...offer, place }, outcome);
  });
  return { result };
}

/** A message that looks as it should, by a member of an epoch. */
export interface Offer {
  readonly entry: NewMessage;
  /** The epoch that the sender has shown to be a member of. */
  readonly senderEpoch: bigint;
  readonly knownSequence: bigint;
  /** What the group's public state has to allow before it is appended. */
  readonly publicProposal: PublicMessage | undefined;
}

/** Checks what can be checked of a message by itself. @throws {RefusedSubmission} */
export function checkOffer(
  { config, clock }: Delivery,
  message: delivery.GroupMessage,
  senderEpoch: bigint,
): Offer {
  const { groupId, epoch, requestId, mlsMessage, knownSequence } = message;
  const { kind, publicProposal } = checkMessage(message, config.maxMlsMessageBytes);
  const maxPastEpochs = pastEpochsFor(epoch, senderEpoch, config.maxPastEpochs);
  const nowMs = Math.floor(clock.now());
  const entry = { groupId, epoch, requestId, kind, message: mlsMessage, maxPastEpochs, nowMs };
  return { entry, senderEpoch, knownSequence, publicProposal };
}

/** Requires that the members can take a proposal (RFC 9420 §12.1), as far as the group's state is public. @throws {RefusedSubmission} INVALID */
export async function requireValidProposal(service: Delivery, offer: Offer): Promise<void> {
  const { publicProposal, entry } = offer;
  if (publicProposal === undefined) return;
  const state = await service.publicGroups.at(entry.groupId, entry.epoch);
  if (state === undefined || state === 'over') return;
  try {
    await state.group.receive(publicProposal);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new RefusedSubmission('INVALID', `mls_message: ${error.code}`, { cause: error });
  }
}

/** Says what became of a message. */
export function answerTo(
  service: Delivery,
  { entry, senderEpoch, knownSequence, place }: Offer & { readonly place: Place },
  outcome: AppendOutcome,
): AppendAnswer | Promise<AppendAnswer> {
  return toAnswer(service, { groupId: entry.groupId, place, epoch: senderEpoch, knownSequence }, outcome);
}

/** Turns what the rules refuse into the answer that says so. */
export async function rejecting<Answer>(
  work: () => Promise<Answer>,
): Promise<Answer | ReturnType<RefusedSubmission['toRejected']>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedSubmission) return error.toRejected();
    throw error;
  }
}
