/**
 * Makes tickets: known to the members by an announcement, and to the Delivery Service by the hash of a token
 * (RFC 9420 §12.4.3.2).
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { callUnary, delivery } from '@canopy/contract';
import { randomBytes } from '@canopy/crypto';
import { frameTicket } from './application-frame.ts';
import { ClientError } from './errors.ts';
import { proveMembership } from './group-proof.ts';
import { reasonWord } from './reason-word.ts';
import type { Replica } from './replica.ts';
import { untilAnswered } from './service-calls.ts';
import type { Surroundings } from './surroundings.ts';
import { refusedTicket, writeTicket, type Ticket } from './ticket-text.ts';

const SECRET_LENGTH = 32;
const MAX_LIFETIME_MS = 365 * 24 * 3_600_000;

/** Sends application data to the members; resolves when it is in the log. */
export type Announce = (applicationData: Uint8Array) => Promise<unknown>;

/**
 * Makes a ticket that lasts for so long, and gives its text when the members have its announcement in their log.
 *
 * @throws {ClientError} TICKET_REFUSED, CONVERSATION_ENDED, SERVICE_REFUSED, CLOSED
 */
export async function createTicket(
  replica: Replica,
  around: Surroundings,
  { lifetimeMs, announce }: { readonly lifetimeMs: number; readonly announce: Announce },
): Promise<string> {
  if (!(lifetimeMs > 0 && lifetimeMs <= MAX_LIFETIME_MS)) {
    throw new ClientError('MISUSE', 'a ticket lasts for some time, and for a year at most');
  }
  const [token, pskId, psk] = [
    randomBytes(SECRET_LENGTH),
    randomBytes(SECRET_LENGTH),
    randomBytes(SECRET_LENGTH),
  ];
  const { groupId } = replica.group;
  const ticket = { groupId, token, pskId, psk, expiresAtMs: BigInt(around.nowMs() + lifetimeMs) };
  around.store.tickets.save(replica.id, { ...ticket, expiresAtMs: Number(ticket.expiresAtMs), own: true });
  around.beforeStep('ticket:saved');
  const registered = { ...ticket, expiresAtMs: await register(ticket, replica, around) };
  around.beforeStep('ticket:registered');
  await announce(frameTicket({ pskId, psk, expiresAtMs: registered.expiresAtMs }));
  // A removal in between has ended it like all others.
  if (around.store.tickets.find(replica.id, pskId) === undefined) throw refusedTicket('MEMBER_REMOVED');
  return writeTicket(registered);
}

/** Announces the tickets that nobody has used again, for members that came after they were made. */
export async function announceTickets(
  replica: Replica,
  around: Surroundings,
  announce: Announce,
): Promise<void> {
  for (const { pskId, psk, expiresAtMs } of around.store.tickets.all(replica.id)) {
    if (expiresAtMs < around.nowMs()) continue;
    await announce(frameTicket({ pskId, psk, expiresAtMs: BigInt(expiresAtMs) }));
  }
}

/** Lets the service know the hash of the token; gives when the ticket ends, which the service may have brought forward. */
async function register(ticket: Ticket, replica: Replica, around: Surroundings): Promise<bigint> {
  const { tokens, stubs, signal, nowMs } = around;
  const { groupId, token, expiresAtMs: expiresAtUnixMs } = ticket;
  const tokenHash = createHash('sha256').update(token).digest();
  const body = delivery.Ticket.encode({ groupId, tokenHash, expiresAtUnixMs }).finish();
  const { result } = await untilAnswered(signal, () => {
    const proof = proveMembership(replica.group, 'CreateTicket', body, nowMs());
    return tokens.call('delivery', (metadata) =>
      callUnary(stubs.delivery, 'createTicket', { ticket: body, proof }, { metadata, signal }),
    );
  });
  if (result?.$case === 'created') return result.value.expiresAtUnixMs;
  if (result === undefined) throw new ClientError('INVALID_RESPONSE', 'a ticket without an outcome');
  throw refusedTicket(reasonWord(result.value.reason, 'TICKET_REFUSAL_REASON_'));
}
