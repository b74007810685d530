/**
 * SendMessage: appends a proposal or an application message.
 *
 * @module
 */
import { permissionDenied } from '@canopy/service';
import type { delivery } from '@canopy/contract';
import type { Delivery } from '../delivery.ts';
import { checkMessage } from '../rules/check-message.ts';
import { pastEpochsFor } from '../rules/past-epochs.ts';
import { RefusedSubmission } from '../rules/refused-submission.ts';
import { toAnswer } from './append-answer.ts';
import { readMessage } from './request-fields.ts';

/** Offers a message to the log; what cannot be accepted as it is gets a `rejected` answer. */
export async function sendMessage(
  service: Delivery,
  { message: body, proof }: delivery.SendMessageRequest,
  message = readMessage(body),
): Promise<delivery.SendMessageResponse> {
  const { stores, config } = service;
  const { groupId, epoch, requestId, mlsMessage } = message;
  const access = await service.gatekeeper.admit({ method: 'SendMessage', groupId, body, proof });
  if (access.epoch < epoch) throw permissionDenied('PROOF_WRONG_EPOCH');
  try {
    const kind = checkMessage(message, config.maxMlsMessageBytes);
    const maxPastEpochs = pastEpochsFor(epoch, access.epoch, config.maxPastEpochs);
    const nowMs = service.clock.now();
    const entry = { groupId, epoch, requestId, kind, message: mlsMessage, maxPastEpochs, nowMs };
    const [outcome] = await stores.groupLog.appendMessages([entry]);
    if (outcome === undefined) throw new Error('the log did not answer');
    return { result: await toAnswer(service, access, outcome) };
  } catch (error) {
    if (error instanceof RefusedSubmission) return { result: error.toRejected() };
    throw error;
  }
}
