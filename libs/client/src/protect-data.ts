/**
 * Encrypts application data for the Delivery Service (RFC 9420 §15).
 *
 * @module
 */
import { randomBytes } from '@canopy/crypto';
import { encodeMessage, type Group } from '@canopy/mls';
import type { OutgoingMessage } from './store/outgoing-store.ts';

/** Encrypts application data in the group's current epoch, under a request id of its own; the ratchet moves on. */
export function protectData(group: Group, applicationData: Uint8Array): OutgoingMessage {
  const { epoch } = group;
  const message = group.protect({ applicationData, authenticatedData: new Uint8Array(0) });
  return { requestId: randomBytes(16), epoch, message: encodeMessage(message) };
}
