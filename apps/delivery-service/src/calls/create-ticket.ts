/**
 * CreateTicket: lets one guest in, who may then join by an external commit (RFC 9420 §12.4.3.2).
 *
 * @module
 */
import { delivery } from '@canopy/contract';
import { permissionDenied } from '@canopy/service';
import type { Delivery } from '../delivery.ts';
import { requireAllowed } from '../request-limits.ts';
import { readTicket } from './request-fields.ts';

/** Registers the hash of a ticket's token, for a member of the current epoch. */
export async function createTicket(
  { gatekeeper, stores, config, clock, limits }: Delivery,
  { ticket: body, proof }: delivery.CreateTicketRequest,
): Promise<delivery.CreateTicketResponse> {
  const { groupId, tokenHash, expiresAtUnixMs } = readTicket(body);
  const access = await gatekeeper.admit({ method: 'CreateTicket', groupId, body, proof });
  if (access.hasEnded) throw permissionDenied('PROOF_EPOCH_TOO_OLD');
  await requireAllowed(limits.ofGroup(groupId));
  const nowMs = Math.floor(clock.now());
  if (expiresAtUnixMs <= BigInt(nowMs)) return refused('EXPIRED');
  const latest = BigInt(nowMs + config.ticketLifetime);
  const expires = expiresAtUnixMs < latest ? expiresAtUnixMs : latest;
  const { outcome } = await stores.groupLog.addTicket({
    groupId,
    tokenHash,
    epoch: access.epoch,
    expiresAtMs: Number(expires),
    nowMs,
    maxTickets: config.ticketsPerGroup,
  });
  switch (outcome) {
    case 'added':
    case 'same':
      return { result: { $case: 'created', value: { expiresAtUnixMs: expires } } };
    case 'used':
      return refused('USED');
    case 'full':
      return refused('TOO_MANY');
    case 'epochOver':
      throw permissionDenied('PROOF_EPOCH_TOO_OLD');
    case 'unknownGroup':
      throw permissionDenied('PROOF_INVALID');
  }
}

function refused(reason: 'USED' | 'TOO_MANY' | 'EXPIRED'): delivery.CreateTicketResponse {
  return { result: { $case: 'refused', value: { reason: delivery.TicketRefusalReason[reason] } } };
}
