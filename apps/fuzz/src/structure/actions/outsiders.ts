/**
 * Those who are not members propose (RFC 9420 §12.1.8).
 *
 * @module
 */

import { createExternalProposal, createJoinProposal, type MLSMessage } from '@canopy/mls';
import type { Device } from '../device.ts';
import {
  chooseAdd,
  chooseExtensionChange,
  chooseNewcomer,
  choosePsk,
  chooseRemove,
  isResumption,
  type NamedProposal,
} from '../proposals.ts';
import type { World } from '../world.ts';
import { invitation } from './enter.ts';

/** Lets an external sender propose something. */
export function proposeFromOutside(world: World): void {
  const { choices, externals } = world;
  const door = choices.maybeOneOf(world.active);
  const party = choices.maybeOneOf(externals);
  if (door === undefined || party === undefined) return;
  const named = chooseProposal(world, door);
  if (named === undefined) return;
  const { name: from, signatureKeyPair } = party;
  const message = createExternalProposal({
    suite: world.suite,
    groupInfo: invitation(door),
    ratchetTree: undefined,
    senderIndex: externals.indexOf(party),
    signatureKeyPair,
    proposal: named.proposal,
    authenticatedData: choices.bytes(8),
  });
  const id = send(world, door, from, { message, text: named.text });
  if (isResumption(named.proposal)) world.resumptionProposals.add(id);
}

function chooseProposal(world: World, door: Device): NamedProposal | undefined {
  return world.choices.weighted<() => NamedProposal | undefined>([
    [3, () => chooseAdd(world, door)],
    [2, () => chooseRemove(world, door, true)],
    [2, () => choosePsk(world, door)],
    [2, () => chooseExtensionChange(world)],
  ])();
}

/** Lets a client ask to be added. */
export function askToJoin(world: World): void {
  const { choices, suite, settings } = world;
  const door = choices.maybeOneOf(world.active);
  if (door === undefined || !settings.shared.allowNewMemberProposals) return;
  const client = chooseNewcomer(world, door);
  if (client === undefined) return;
  const message = createJoinProposal({
    suite,
    groupContext: invitation(door).groupContext,
    keyPackage: client.publish(false),
    authenticatedData: choices.bytes(8),
  });
  send(world, door, client.name, { message, text: `to join` });
}

function send(
  world: World,
  door: Device,
  from: string,
  { message, text }: { readonly message: MLSMessage; readonly text: string },
): number {
  const about = {
    kind: 'proposal',
    epoch: door.model.epoch,
    leaf: undefined,
    generation: undefined,
  } as const;
  const envelope = world.seal(message, { ...about, from, text, known: new Set() });
  world.note(`${from} proposes from outside ${text}: #${envelope.id} in epoch ${envelope.epoch}`);
  world.counts.add(`proposal from outside ${text.replace(/ m\d+$/, '')}`);
  world.broadcast(envelope);
  return envelope.id;
}
