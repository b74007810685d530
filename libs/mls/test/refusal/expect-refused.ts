import { expect } from '@jest/globals';

import type { MLSMessage } from '../../src/framing/message.ts';
import {
  commitBy,
  expectAgreement,
  expectConversation,
  receive,
  snapshot,
  trio,
  type Peer,
  type PartySettings,
} from '../parties.ts';

/** Makes the usual three, who have all spoken once: their ratchets are started. */
export async function acquainted(settings: PartySettings = {}): Promise<readonly [Peer, Peer, Peer]> {
  const peers = await trio(settings);
  await expectConversation(peers);
  return peers;
}

/** Requires that a member refuses a message with this code, for this requirement, and is the same as before. */
export async function expectRefused(
  peer: Peer,
  message: MLSMessage,
  code: string,
  requirement?: string,
): Promise<void> {
  const before = snapshot(peer);
  const refused = requirement === undefined ? { code } : { code, requirement };
  await expect(receive(peer, message)).rejects.toMatchObject({ name: 'MlsError', ...refused });
  expect(snapshot(peer)).toBe(before);
}

/** Requires that the next good commit and the next messages work for all. */
export async function expectGoesOn(committer: Peer, all: readonly Peer[]): Promise<void> {
  const members = await commitBy(committer, all, { includeReceived: false });
  expectAgreement(members);
  await expectConversation(members);
}
