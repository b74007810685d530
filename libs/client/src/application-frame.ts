/**
 * Application data, and what the library itself has to say to the members, told apart (RFC 9420 §15).
 *
 * Data goes as it is. What begins with the mark is the library's: the mark, a kind, and the content. Data that begins with
 * the mark by chance is sent as content of the kind `data`, so that nothing that an application sends can be taken for more.
 *
 * @module
 */
import { decode, encode, opaque, select, struct, uint64, uint8, type TypeOf } from '@canopy/codec';

/** Sixteen bytes that no text begins with. */
const MARK = Uint8Array.from([0, ...new TextEncoder().encode('canopy library'), 0]);

const FrameKind = { data: 0, ticket: 1 } as const;

/** A ticket as its maker announces it to the members. */
export const TicketAnnouncement = struct({ pskId: opaque, psk: opaque, expiresAtMs: uint64 });
/** A ticket as its maker announces it to the members. */
export type TicketAnnouncement = TypeOf<typeof TicketAnnouncement>;

const Frame = select('kind', uint8, {
  [FrameKind.data]: struct({ data: opaque }),
  [FrameKind.ticket]: struct({ ticket: TicketAnnouncement }),
});

/** What the application data of a message holds. */
export type Framed =
  | { readonly kind: 'data'; readonly data: Uint8Array }
  | { readonly kind: 'ticket'; readonly ticket: TicketAnnouncement };

/** Gives the application data of a message that carries data of the application. */
export function frameData(data: Uint8Array): Uint8Array {
  return hasMark(data) ? withMark(encode(Frame, { kind: FrameKind.data, data })) : data;
}

/** Gives the application data of a message that announces a ticket. */
export function frameTicket(ticket: TicketAnnouncement): Uint8Array {
  return withMark(encode(Frame, { kind: FrameKind.ticket, ticket }));
}

/** Reads application data. @throws {CodecError} when it has the mark and no frame after it */
export function readFrame(applicationData: Uint8Array): Framed {
  if (!hasMark(applicationData)) return { kind: 'data', data: applicationData };
  const frame = decode(Frame, applicationData.subarray(MARK.length));
  return frame.kind === FrameKind.data
    ? { kind: 'data', data: frame.data }
    : { kind: 'ticket', ticket: frame.ticket };
}

function hasMark(data: Uint8Array): boolean {
  return data.length >= MARK.length && MARK.every((byte, index) => data[index] === byte);
}

function withMark(frame: Uint8Array): Uint8Array {
  return Buffer.concat([MARK, frame]);
}
