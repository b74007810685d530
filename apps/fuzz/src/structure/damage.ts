/**
 * Damaged twins of real messages: nobody may take one, and nothing may change.
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import { decodeMessage } from '@canopy/mls';
import { mutate } from '../mutate.ts';
import { attempt, check, find } from '../finding.ts';
import { timed } from '../slow.ts';
import type { Device } from './device.ts';
import type { Envelope } from './envelope.ts';
import { store } from './storage.ts';
import type { World } from './world.ts';

/** Offers a damaged twin of a message to a member, who refuses it and stays the same. */
export async function offerDamaged(world: World, device: Device, envelope: Envelope): Promise<void> {
  const { choices, recent } = world;
  const bytes = mutate(
    choices,
    envelope.bytes,
    recent.map((other) => other.bytes),
  );
  await offerForgery(world, device, bytes, `a damaged twin of #${envelope.id} (${envelope.kind})`);
}

/** Offers a member something that it has to refuse without any trace. */
export async function offerForgery(
  world: World,
  device: Device,
  bytes: Uint8Array,
  what: string,
): Promise<void> {
  const action = `${device.name} (epoch ${device.model.epoch}) is offered ${what}`;
  const before = store(device.group.state);
  const result = await timed(action, () => attempt(action, () => device.group.process(decodeMessage(bytes))));
  if (result.kind === 'done') find(`${action}: it was taken: ${Buffer.from(bytes).toString('hex')}`);
  world.counts.add(`refusal ${result.refusal.code}`);
  world.counts.add('damaged');
  check(equal(store(device.group.state), before), `${action}: it changes nothing`);
}
