/**
 * From time to time everything that is on its way arrives, and everybody has to be of one mind.
 *
 * @module
 */

import { check, find } from '../../finding.ts';
import { deliver } from '../deliver.ts';
import type { Device } from '../device.ts';
import { expectationOf } from '../device-model.ts';
import type { Envelope } from '../envelope.ts';
import { checkDevice, checkGhosts } from '../invariants.ts';
import { adoptCommit, hearRefusal } from '../settle-commit.ts';
import type { World } from '../world.ts';
import { enterByWelcome, joinExternally } from './enter.ts';

/** More rounds than any world needs. */
const MOST_ROUNDS = 60;

/** Lets everything arrive, and checks what then has to be true. */
export async function settle(world: World): Promise<void> {
  world.note('everything arrives');
  while (world.service.inFlight.length > 0) world.order(world.choices.oneOf(world.service.inFlight));
  for (const arrival of world.arrivals) await enterByWelcome(world, arrival);
  for (const device of world.devices) await drain(world, device);
  world.devices = world.devices.filter(({ model }) => model.status !== 'removed');
  await freeTheStuck(world);
  for (const device of world.devices) checkSettled(world, device);
  checkGhosts(world);
  world.counts.add('settled');
}

/** Lets a member look at everything until nothing more changes. */
async function drain(world: World, device: Device): Promise<void> {
  device.queue.push(...device.lost.splice(0));
  device.retryWaiting();
  adoptHeld(world, device);
  for (let round = 0; device.queue.length > 0; round++) {
    if (round > MOST_ROUNDS) find(`${device.name} does not come to rest`);
    for (const envelope of device.queue.splice(0)) {
      await deliver(world, device, envelope);
      adoptHeld(world, device);
    }
  }
  hearRefusal(world, device);
  giveUpWaiting(device);
  device.save();
  if (device.model.status !== 'removed') device.checkSaved();
}

function adoptHeld(world: World, device: Device): void {
  if (device.held !== undefined) adoptCommit(world, device, device.held);
}

/** What still waits cannot be taken any more: a limit of this member's policy stands before it, or has before. */
function giveUpWaiting(device: Device): void {
  const { model, name, setting } = device;
  const waiting = device.waiting.splice(0);
  const isTooFar = (envelope: Envelope): boolean =>
    expectationOf(model, name, envelope, setting.options.policy).codes.includes('GENERATION_TOO_FAR');
  for (const envelope of waiting.filter(isTooFar)) {
    if (envelope.kind === 'application') model.excused.set(envelope.id, 'GENERATION_TOO_FAR');
    else model.mayBeStuck = true;
  }
  for (const { id } of waiting.filter((envelope) => !isTooFar(envelope))) {
    check(model.mayBeStuck, `${name}: #${id} waits for something that never came`);
  }
}

/** Who has lost a handshake message by its own limits begins anew. */
async function freeTheStuck(world: World): Promise<void> {
  for (const device of world.devices) {
    if (device.model.epoch === world.service.epoch || world.service.hasEnded) continue;
    check(
      device.model.mayBeStuck,
      `${device.name} is left behind in epoch ${device.model.epoch} of ${world.service.epoch}`,
    );
    const door = world.active.find(({ model }) => model.epoch === world.service.epoch);
    if (door === undefined) continue;
    world.note(`${device.name} is stuck`);
    world.counts.add('stuck');
    await joinExternally(world, device.setting.client, door);
    for (const commit of world.service.inFlight) world.order(commit);
    for (const other of world.devices) await drain(world, other);
  }
}

function checkSettled(world: World, device: Device): void {
  const { model, name } = device;
  if (model.epoch !== world.service.epoch) {
    check(model.mayBeStuck, `${name} is left behind in epoch ${model.epoch}`);
    return;
  }
  checkDevice(world, device);
  checkHeard(world, device);
}

/** Each application message of an epoch was read by each member of it, unless a limit of its policy forbids it. */
function checkHeard({ recent }: World, { model, name }: Device): void {
  for (const { id, kind, epoch, from } of recent) {
    if (kind !== 'application' || from === name || epoch < model.joinedAt) continue;
    check(model.taken.has(id) || model.excused.has(id), `${name} has never read #${id} of epoch ${epoch}`);
  }
}
