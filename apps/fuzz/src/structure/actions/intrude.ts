/**
 * Somebody who is out tries to come back with what it still has, and with all that is public about the group.
 *
 * @module
 */

import { decodeMessage, encodeMessage, Group, WireFormat, type GroupState } from '@canopy/mls';
import { find } from '../../finding.ts';
import { offerForgery } from '../damage.ts';
import type { Device } from '../device.ts';
import type { Envelope } from '../envelope.ts';
import { load } from '../storage.ts';
import type { Ghost, World } from '../world.ts';

/** Lets somebody who is out try to read a newer message, or to be heard. */
export async function intrude(world: World): Promise<void> {
  const ghost = world.choices.maybeOneOf(world.ghosts);
  if (ghost === undefined) return;
  const device = world.choices.maybeOneOf(world.active.filter(({ model }) => model.epoch >= ghost.outSince));
  if (device === undefined) return;
  if (world.choices.chance(50)) await overhear(world, ghost, device);
  else await speak(world, ghost, device);
}

/** The old secrets with the newest public view: what an attacker would make of them. */
function disguise({ suite }: World, { stored }: Ghost, { group }: Device, takesPlace: boolean): GroupState {
  const { groupContext, tree, interimTranscriptHash, ownLeafIndex } = group.state;
  const old = load(stored, suite);
  const place = takesPlace ? ownLeafIndex : old.ownLeafIndex;
  return {
    ...old,
    status: { kind: 'active' },
    groupContext,
    tree,
    interimTranscriptHash,
    ownLeafIndex: place,
  };
}

async function overhear(world: World, ghost: Ghost, device: Device): Promise<void> {
  const { epoch } = device.model;
  const envelope = world.choices.maybeOneOf(
    world.recent.filter((one) => one.epoch === epoch && needsKeys(one)),
  );
  if (envelope === undefined) return;
  const group = new Group(disguise(world, ghost, device, false), device.setting.options);
  const what = `${ghost.name}, out since epoch ${ghost.outSince}, reads #${envelope.id} of epoch ${epoch}`;
  world.counts.add('intrusion');
  try {
    const received = await group.process(decodeMessage(envelope.bytes));
    // That whoever has its old place by now is removed can be seen in public, and tells no secret.
    if (received.kind === 'commit' && received.staged.effects.selfRemoved) return;
  } catch {
    // Its state makes no sense any more: it does not matter how it fails.
    return;
  }
  find(what);
}

/** Proposals from outside of the group are for everybody to read. */
function needsKeys({ kind, leaf }: Envelope): boolean {
  return kind === 'commit' || leaf !== undefined;
}

async function speak(world: World, ghost: Ghost, device: Device): Promise<void> {
  const { choices } = world;
  const group = new Group(disguise(world, ghost, device, choices.chance(50)), device.setting.options);
  const bytes = await forge(group, choices.below(4)).catch(() => undefined);
  if (bytes === undefined) return;
  world.counts.add('intrusion');
  const listener = choices.oneOf(world.active.filter(({ model }) => model.epoch === device.model.epoch));
  await offerForgery(world, listener, bytes, `a message of ${ghost.name}, out since epoch ${ghost.outSince}`);
}

async function forge(group: Group, how: number): Promise<Uint8Array> {
  const nothing = new Uint8Array(0);
  switch (how) {
    case 0:
      return encodeMessage(group.protect({ applicationData: nothing, authenticatedData: nothing }));
    case 1: {
      const wireFormat = WireFormat.publicMessage;
      return encodeMessage((await group.commit({ wireFormat, includeReceived: false })).message);
    }
    case 2:
      return encodeMessage((await group.commit({ includeReceived: false })).message);
    default: {
      const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: nothing };
      return encodeMessage(await group.proposeUpdate(framing));
    }
  }
}
