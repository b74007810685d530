/**
 * A message by way of the library's inbox, whose words are translated into the codes of refusals.
 *
 * @module
 */

import { decodeMessage, type Delivered, type Received } from '@canopy/mls';
import { find } from '../finding.ts';
import type { Device } from './device.ts';
import type { Expectation } from './device-model.ts';
import type { Envelope } from './envelope.ts';

/** What has become of a message: it was taken, or laid aside with one of these codes. */
export type Verdict =
  | { readonly kind: 'taken'; readonly received: Received }
  | { readonly kind: 'aside'; readonly codes: readonly string[] };

const codesOf: Readonly<Record<Exclude<Delivered['kind'], Received['kind']>, readonly string[]>> = {
  own: ['OWN_MESSAGE'],
  duplicate: ['GENERATION_CONSUMED'],
  stale: ['WRONG_EPOCH', 'EPOCH_NOT_RETAINED'],
  early: ['WRONG_EPOCH', 'UNKNOWN_PROPOSAL_REFERENCE'],
  ended: ['GROUP_ENDED'],
};

/** Lets a member receive a message by its inbox, or without one. */
export async function receive(device: Device, envelope: Envelope): Promise<Verdict> {
  const message = decodeMessage(envelope.bytes);
  if (device.inbox === undefined) return { kind: 'taken', received: await device.group.process(message) };
  const delivered = await device.inbox.receive(message);
  return isReceived(delivered)
    ? { kind: 'taken', received: delivered }
    : { kind: 'aside', codes: codesAside(device, envelope, delivered) };
}

function isReceived(delivered: Delivered): delivered is Received {
  return delivered.kind === 'application' || delivered.kind === 'proposal' || delivered.kind === 'commit';
}

function codesAside(
  device: Device,
  envelope: Envelope,
  delivered: Exclude<Delivered, Received>,
): readonly string[] {
  if (delivered.kind === 'early') {
    requireEarly(device, envelope, delivered);
    device.noteKept(envelope);
  }
  // What the inbox has kept already is as early as before.
  const isStillEarly = delivered.kind === 'duplicate' && device.isKept(envelope);
  return codesOf[isStillEarly ? 'early' : delivered.kind];
}

function requireEarly(
  { model, name }: Device,
  { id, epoch }: Envelope,
  early: Extract<Delivered, { kind: 'early' }>,
): void {
  if (!early.kept) find(`${name}: the inbox does not keep #${id}, although it is nearly empty`);
  if (early.epoch !== epoch || epoch < model.epoch) find(`${name}: #${id} of epoch ${epoch} is not early`);
}

/** Says whether the inbox tells of a proposal in the open that it is known: to the group it is a good one still. */
export function isRepetition(device: Device, envelope: Envelope, expected: Expectation): boolean {
  return (
    device.inbox !== undefined &&
    envelope.kind === 'proposal' &&
    expected.mayPass &&
    device.model.taken.has(envelope.id)
  );
}
