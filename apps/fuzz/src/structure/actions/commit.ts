/**
 * Members commit, and the service decides (RFC 9420 §12.4, §14).
 *
 * @module
 */

import { encode } from '@canopy/codec';
import {
  encodeMessage,
  Group,
  nodesOfTree,
  RatchetTreeNodes,
  WireFormat,
  type CommitRequest,
  type CreatedCommit,
} from '@canopy/mls';
import { checkIntent } from '../check-intent.ts';
import { nameIn } from '../client.ts';
import type { Device } from '../device.ts';
import type { CommitOutcome, Envelope } from '../envelope.ts';
import { recordOf } from '../epoch-record.ts';
import {
  chooseAdd,
  chooseExtensionChange,
  choosePsk,
  chooseReInit,
  chooseRemove,
  isResumption,
  type NamedProposal,
} from '../proposals.ts';
import type { World } from '../world.ts';
import { chooseFraming } from './propose.ts';

/** Lets a member commit; the commit is in flight until the service decides. */
export async function commit(world: World): Promise<void> {
  const device = world.choices.maybeOneOf(
    world.active.filter(({ own, held }) => own === undefined && held === undefined),
  );
  if (device === undefined) return;
  await commitBy(world, device, chooseRequest(world, device));
}

interface ChosenCommit {
  readonly request: Partial<CommitRequest>;
  readonly text: string;
}

/** Lets one member make a commit and send it to the service. */
export async function commitBy(world: World, device: Device, { request, text }: ChosenCommit): Promise<void> {
  const { model, name, group } = device;
  const created = await group.commit(request);
  const { message, staged } = created;
  checkIntent(created, request, name);
  const envelope = world.seal(message, {
    kind: 'commit',
    epoch: model.epoch,
    from: name,
    leaf: group.state.ownLeafIndex,
    generation: message.wireFormat === WireFormat.privateMessage ? model.sent.handshake++ : undefined,
    text,
    known: new Set(request.includeReceived === false ? [] : model.proposals),
  });
  device.own = { envelope, staged };
  device.save();
  world.note(`${name} commits ${text}: #${envelope.id} in epoch ${model.epoch}`);
  world.service.submit({
    envelope,
    outcome: outcomeOf(world, created, request, envelope),
    record: recordOf(new Group(staged.state, device.setting.options)),
    onTaken: () => {},
  });
}

function outcomeOf(
  world: World,
  { staged, welcome }: CreatedCommit,
  request: Partial<CommitRequest>,
  { known }: Envelope,
): CommitOutcome {
  const { added, removed, reinit } = staged.effects;
  const treeInside = request.welcomeInfo?.ratchetTree !== false;
  return {
    added: added.map(({ leafNode }) => nameIn(leafNode.credential)),
    removed: removed.map(({ before }) => nameIn(before.credential)),
    welcome: welcome && {
      bytes: encodeMessage({ wireFormat: WireFormat.welcome, welcome }),
      tree: treeInside ? undefined : encode(RatchetTreeNodes, nodesOfTree(staged.state.tree)),
    },
    needsResumptionPsk:
      (request.proposals ?? []).some(isResumption) ||
      [...known].some((id) => world.resumptionProposals.has(id)),
    endsGroup: reinit !== undefined,
    joined: undefined,
  };
}

function chooseRequest(world: World, device: Device): ChosenCommit {
  const { choices } = world;
  const named = chooseProposals(world, device);
  const endsGroup = named.some(({ text }) => text === 'ReInit');
  const includeReceived = choices.chance(85);
  const identity = !endsGroup && choices.chance(8) ? device.setting.client.rotate() : undefined;
  const request = {
    ...chooseFraming(world),
    proposals: named.map(({ proposal }) => proposal),
    includeReceived,
    forcePath: choices.chance(40),
    identity,
    welcomeInfo: {
      ratchetTree: choices.chance(70),
      externalPub: choices.chance(30),
      grease: choices.chance(50),
    },
  };
  const texts = named.map(({ text }) => text);
  if (includeReceived) texts.push('what it knows');
  if (identity !== undefined) texts.push('a new key');
  return { request, text: texts.join(', ') || 'nothing' };
}

function chooseProposals(world: World, device: Device): NamedProposal[] {
  const { choices } = world;
  if (world.step > 100 && choices.below(300) === 0) return [chooseReInit(world)];
  const list: (NamedProposal | undefined)[] = [];
  const adds = choices.weighted([
    [50, 0],
    [35, 1],
    [10, 2],
    [5, 3],
  ] as const);
  for (let count = 0; count < adds; count++) list.push(chooseAdd(world, device));
  const removes = choices.weighted([
    [75, 0],
    [18, 1],
    [5, 2],
    [2, 3],
  ] as const);
  for (let count = 0; count < removes; count++) list.push(chooseRemove(world, device, false));
  if (choices.chance(10)) list.push(choosePsk(world, device));
  if (choices.chance(8)) list.push(chooseExtensionChange(world));
  const different = new Map(list.filter((one) => one !== undefined).map((one) => [one.text, one]));
  return [...different.values()];
}

/** Lets the service decide about a commit in flight. */
export function order(world: World): void {
  const submitted = world.choices.maybeOneOf(world.service.inFlight);
  if (submitted !== undefined) world.order(submitted);
}
