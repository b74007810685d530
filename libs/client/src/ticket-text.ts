/**
 * A ticket as the text that a member gives to a guest, over a way that both trust.
 *
 * @module
 */
import { CodecError, decode, encode, opaque, struct, uint64, type TypeOf } from '@canopy/codec';
import { ClientError } from './errors.ts';

const PREFIX = 'canopy-ticket:';
/** The longest text that is looked at. */
const MAX_LENGTH = 1_024;

/** What a guest needs in order to join. */
export const Ticket = struct({
  groupId: opaque,
  /** Shown to the Delivery Service, once. */
  token: opaque,
  pskId: opaque,
  /** Known to the members, and to nobody else. */
  psk: opaque,
  expiresAtMs: uint64,
});
/** What a guest needs in order to join. */
export type Ticket = TypeOf<typeof Ticket>;

/** Writes a ticket. Whoever reads the text can join the group, once. */
export function writeTicket(ticket: Ticket): string {
  return PREFIX + Buffer.from(encode(Ticket, ticket)).toString('base64url');
}

/** Reads a ticket. @throws {ClientError} TICKET_REFUSED MALFORMED */
export function readTicket(text: string): Ticket {
  if (!text.startsWith(PREFIX) || text.length > MAX_LENGTH) throw refusedTicket('MALFORMED');
  try {
    return decode(Ticket, Buffer.from(text.slice(PREFIX.length), 'base64url'));
  } catch (error) {
    if (error instanceof CodecError) throw refusedTicket('MALFORMED');
    throw error;
  }
}

/** Makes the error for a ticket that does not let anybody in. */
export function refusedTicket(reason: string): ClientError {
  return new ClientError('TICKET_REFUSED', `the ticket does not let this device in: ${reason}`, { reason });
}
