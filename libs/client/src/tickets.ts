/**
 * Tickets: a guest joins by an external Commit that shows a pre-shared key, which a member has made, given to the guest and
 * announced in the group (RFC 9420 §8.4, §12.4.3.2). So the members' own cryptography lets the guest in, and no server can.
 *
 * @module
 */
import { ContentType, PSKType, ProposalOrRefType, ProposalType, WireFormat } from '@canopy/mls';
import type { GroupOptions, MLSMessage, PskStore } from '@canopy/mls';
import type { TicketAnnouncement } from './application-frame.ts';
import type { TicketStore } from './store/ticket-store.ts';

/** A ticket is still known to the members for so long after its end: clocks differ, and a log may be read late. */
const GRACE_MS = 24 * 3_600_000;

/** Gives the options of one group: only tickets that were announced in it count in it. */
export function withTickets(options: GroupOptions, tickets: TicketStore, conversation: string): GroupOptions {
  const psks: PskStore = {
    findExternalPsk(pskId) {
      const ticket = tickets.find(conversation, pskId);
      const isOver = ticket !== undefined && ticket.expiresAtMs + GRACE_MS < Number(options.now()) * 1000;
      return isOver ? undefined : ticket?.psk;
    },
    findResumptionPsk: () => undefined,
  };
  return { ...options, psks };
}

/** Gives the ids of the pre-shared keys that an external Commit shows; none for any other message. */
export function externalPsksOf(message: MLSMessage): readonly Uint8Array[] {
  if (message.wireFormat !== WireFormat.publicMessage) return [];
  const { body } = message.publicMessage.content;
  if (body.contentType !== ContentType.commit) return [];
  return body.commit.proposals.flatMap((item) => {
    if (item.type !== ProposalOrRefType.proposal) return [];
    const { proposal } = item;
    if (proposal.proposalType !== ProposalType.psk || proposal.psk.pskType !== PSKType.external) return [];
    return [proposal.psk.pskId];
  });
}

/** Forgets tickets that nobody can use any more. */
export function forgetExpired(tickets: TicketStore, conversation: string, nowMs: number): void {
  tickets.deleteExpired(conversation, nowMs - GRACE_MS);
}

/** More open tickets than these are not kept of one group, nor longer ones, nor such that last longer: any member can send any number. */
const MAX_TICKETS = 256;
const MAX_LENGTH = 64;
const MAX_LIFETIME_MS = 366 * 24 * 3_600_000;

/** Keeps a ticket that a member has announced; says whether it was fit to be kept. */
export function keepAnnounced(
  tickets: TicketStore,
  conversation: string,
  { pskId, psk, expiresAtMs }: TicketAnnouncement,
  nowMs: number,
): boolean {
  const isLong = pskId.length > MAX_LENGTH || psk.length > MAX_LENGTH;
  if (isLong || psk.length === 0 || expiresAtMs > BigInt(nowMs + MAX_LIFETIME_MS)) return false;
  forgetExpired(tickets, conversation, nowMs);
  if (tickets.count(conversation) >= MAX_TICKETS) return false;
  tickets.save(conversation, { pskId, psk, expiresAtMs: Number(expiresAtMs), own: false });
  return true;
}
