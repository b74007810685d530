/**
 * Members propose (RFC 9420 §12.1).
 *
 * @module
 */

import { WireFormat, type MLSMessage } from '@canopy/mls';
import { check } from '../../finding.ts';
import type { Device } from '../device.ts';
import {
  chooseAdd,
  chooseExtensionChange,
  choosePsk,
  chooseReInit,
  chooseRemove,
  isResumption,
  unknownPsk,
  type NamedProposal,
} from '../proposals.ts';
import type { World } from '../world.ts';

type Framing = Parameters<Device['group']['propose']>[1];

/** Chooses how a handshake message is sent; its authenticated data makes it unlike all others. */
export function chooseFraming({ choices, settings }: World): Framing {
  const isPublic = choices.chance(settings.publicHandshakes);
  return {
    wireFormat: isPublic ? WireFormat.publicMessage : WireFormat.privateMessage,
    authenticatedData: choices.bytes(8),
  };
}

/** Lets a member propose something. */
export async function propose(world: World): Promise<void> {
  const device = world.choices.maybeOneOf(world.active);
  if (device === undefined) return;
  const framing = chooseFraming(world);
  if (world.choices.chance(30)) {
    const identity = world.choices.chance(30) ? device.setting.client.rotate() : undefined;
    const message = await device.group.proposeUpdate(framing, identity);
    send(world, device, message, identity === undefined ? 'an update' : 'an update with a new key');
    return;
  }
  const named = chooseProposal(world, device);
  if (named === undefined) return;
  const message = await device.group.propose(named.proposal, framing);
  const envelope = send(world, device, message, named.text);
  if (isResumption(named.proposal)) world.resumptionProposals.add(envelope);
}

function chooseProposal(world: World, device: Device): NamedProposal | undefined {
  return world.choices.weighted<() => NamedProposal | undefined>([
    [30, () => chooseAdd(world, device)],
    [15, () => chooseRemove(world, device, true)],
    [15, () => choosePsk(world, device)],
    [15, () => chooseExtensionChange(world)],
    [5, () => unknownPsk(world)],
    [world.step > 100 ? 1 : 0, () => chooseReInit(world)],
  ])();
}

function send(world: World, device: Device, message: MLSMessage, text: string): number {
  const { model, name: from, group } = device;
  const isPrivate = message.wireFormat === WireFormat.privateMessage;
  const envelope = world.seal(message, {
    kind: 'proposal',
    epoch: model.epoch,
    from,
    leaf: group.state.ownLeafIndex,
    generation: isPrivate ? model.sent.handshake++ : undefined,
    text,
    known: new Set(),
  });
  model.proposals.add(envelope.id);
  model.taken.add(envelope.id);
  check(group.state.proposals.length > 0, `${from} knows its own proposal`);
  device.save();
  world.note(`${from} proposes ${text}: #${envelope.id} in epoch ${model.epoch}`);
  world.counts.add(`proposal ${text.replace(/ m\d+$/, '')}`);
  world.broadcast(envelope);
  return envelope.id;
}
