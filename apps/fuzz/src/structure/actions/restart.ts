/**
 * Members stop and start again from what they have stored.
 *
 * @module
 */

import type { World } from '../world.ts';

/** Stops a member and starts it again, in good order or with the loss of everything since its last save. */
export function restart(world: World): void {
  const device = world.choices.maybeOneOf(world.devices);
  if (device === undefined) return;
  const isOrderly = world.choices.chance(50);
  if (isOrderly) {
    device.save();
    device.checkSaved();
  }
  device.crash();
  world.note(
    `${device.name} ${isOrderly ? 'starts again' : 'crashes and starts again'} in epoch ${device.model.epoch}`,
  );
  world.counts.add(isOrderly ? 'restart' : 'crash');
}
