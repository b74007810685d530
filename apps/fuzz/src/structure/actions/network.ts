/**
 * What the network does: it delivers, late, twice, again, and to the wrong ones.
 *
 * @module
 */

import { deliver, deliverOne } from '../deliver.ts';
import { adoptCommit, hearRefusal } from '../settle-commit.ts';
import type { World } from '../world.ts';

/** Delivers a few messages. */
export async function deliverSome(world: World): Promise<void> {
  const device = world.choices.maybeOneOf(world.devices.filter(({ queue }) => queue.length > 0));
  if (device === undefined) return;
  for (let count = world.choices.between(1, 6); count > 0; count--) await deliverOne(world, device);
}

/** Delivers what was lost. */
export function redeliver(world: World): void {
  for (const device of world.devices) {
    if (world.choices.chance(50)) device.queue.push(...device.lost.splice(0));
  }
}

/** Delivers a message of the last time once more, or to somebody who was not in the group when it was sent. */
export async function deliverOld(world: World): Promise<void> {
  const device = world.choices.maybeOneOf(world.devices);
  const envelope = world.choices.maybeOneOf(world.recent);
  // A commit that was taken comes only in its turn, by the queue.
  if (device === undefined || envelope === undefined || envelope.kind === 'commit') return;
  await deliver(world, device, envelope);
}

/** Lets a member go on with what it has held back, or hear that its commit was refused. */
export function decide(world: World): void {
  const device = world.choices.maybeOneOf(world.devices);
  if (device === undefined) return;
  if (device.held !== undefined) adoptCommit(world, device, device.held);
  else hearRefusal(world, device);
}

/** Shows a member a commit that the service has not taken: it looks at it and forgets it. */
export async function leak(world: World): Promise<void> {
  const commit = world.choices.maybeOneOf(world.service.inFlight);
  if (commit === undefined) return;
  const others = world.active.filter(({ own }) => own?.envelope !== commit.envelope);
  // Whose own Update is in it has most to lose when it is forgotten again.
  const concerned = others.filter(({ group }) => group.state.pendingUpdates.length > 0);
  const device = world.choices.maybeOneOf(concerned.length > 0 ? concerned : others);
  // A ratchet opens a message once: who looks at a private commit too early could not take it later.
  if (device === undefined || commit.envelope.generation !== undefined) return;
  await deliver(world, device, commit.envelope);
}
