/**
 * Clients enter: by the Welcome of a member, or by an external Commit of their own (RFC 9420 §12.4.3).
 *
 * @module
 */

import { CodecError, decode } from '@canopy/codec';
import {
  decodeMessage,
  encodeMessage,
  Group,
  RatchetTreeNodes,
  treeFromNodes,
  WireFormat,
  type GroupInfo,
  type GroupOptions,
  type KeyPackage,
  type LeafIndex,
} from '@canopy/mls';
import { attempt, check, checkEqual, describeError, find } from '../../finding.ts';
import { mutate } from '../../mutate.ts';
import { nameIn, type Client } from '../client.ts';
import type { Device } from '../device.ts';
import { checkRecord, recordOf } from '../epoch-record.ts';
import { chooseExternalPsk, chooseNewcomer } from '../proposals.ts';
import { store } from '../storage.ts';
import type { Arrival, World } from '../world.ts';

/** Lets somebody who was added enter. */
export async function arrive(world: World): Promise<void> {
  const arrival = world.choices.maybeOneOf(world.arrivals);
  if (arrival !== undefined) await enterByWelcome(world, arrival);
}

/** Lets a client enter by its Welcome, or fail to as expected. */
export async function enterByWelcome(world: World, arrival: Arrival): Promise<void> {
  const { client, welcome, epoch } = arrival;
  const options = world.newOptions();
  world.arrivals = world.arrivals.filter((other) => other !== arrival);
  if (world.choices.chance(world.settings.damage)) await offerDamagedWelcome(world, arrival, options);
  const result = await attempt(`${client.name} joins epoch ${epoch}`, () =>
    joinBy(world, arrival, welcome.bytes, options),
  );
  world.counts.add('join by Welcome');
  if (result.kind === 'refused') {
    const { refusal } = result;
    world.counts.add(`refusal ${refusal.code}`);
    world.note(`${client.name} cannot join epoch ${epoch}: ${refusal.code}`);
    if (arrival.needsResumptionPsk && refusal.code === 'PSK_NOT_AVAILABLE') return;
    find(`${client.name} cannot join epoch ${epoch}: ${describeError(refusal)}`, refusal);
  }
  check(!arrival.needsResumptionPsk, `${client.name} has joined without the key that only members have`);
  world.note(`${client.name} has joined in epoch ${epoch}`);
  client.use(result.value.keyPackage);
  world.enter(client, result.value.group, options, arrival.queue);
}

async function offerDamagedWelcome(world: World, arrival: Arrival, options: GroupOptions): Promise<void> {
  const { name } = arrival.client;
  const damaged = mutate(world.choices, arrival.welcome.bytes, []);
  const result = await attempt(`${name} is offered a damaged Welcome`, () =>
    joinBy(world, arrival, damaged, options),
  );
  world.counts.add('damaged');
  // What a Welcome holds for others is nothing to this client: with that damaged, it joins the same group.
  if (result.kind === 'done') checkRecord(result.value.group, world.service.record(arrival.epoch), name);
}

async function joinBy(
  world: World,
  { client, welcome: { tree } }: Arrival,
  bytes: Uint8Array,
  options: GroupOptions,
): Promise<{ readonly group: Group; readonly keyPackage: KeyPackage }> {
  const message = decodeMessage(bytes);
  // Damage can make another message of it; the client has no use for one.
  if (message.wireFormat !== WireFormat.welcome) throw new CodecError('UNKNOWN_VALUE', 'a Welcome expected');
  const { welcome } = message;
  const own = client.findFor(welcome) ?? client.publish(false);
  const ratchetTree = tree && treeFromNodes(decode(RatchetTreeNodes, tree));
  const group = await Group.join({ suite: world.suite, welcome, keyPackage: own, ratchetTree }, options);
  return { group, keyPackage: own.keyPackage };
}

/** Lets a client enter by itself: a new one, one that has lost its state, or one that begins anew. */
export async function enterByCommit(world: World): Promise<void> {
  const { choices, service } = world;
  const door = choices.maybeOneOf(world.active.filter(({ model }) => model.epoch >= service.epoch - 1n));
  if (door === undefined) return;
  const stuck = world.devices.filter(({ model }) => model.mayBeStuck && model.epoch < service.epoch);
  const who = choices.weighted<() => Client | undefined>([
    [40, () => chooseNewcomer(world, door)],
    [stuck.length > 0 ? 60 : 0, () => choices.oneOf(stuck).setting.client],
    [world.zombies.length > 0 ? 60 : 0, () => world.client(choices.oneOf(world.zombies))],
    [15, () => loseDevice(world, door)],
  ])();
  if (who !== undefined) await joinExternally(world, who, door);
}

/** Somebody's device falls into the river. */
function loseDevice(world: World, door: Device): Client | undefined {
  return world.choices.maybeOneOf(world.active.filter((device) => device !== door))?.setting.client;
}

const leafOf = (device: Device, name: string): LeafIndex | undefined =>
  [...device.group.members()].find(({ leafNode }) => nameIn(leafNode.credential) === name)?.leafIndex;

/** Gives what a member states of its epoch, as it comes over the wire. */
export function invitation({ group }: Device): GroupInfo {
  const groupInfo = group.groupInfo({ ratchetTree: true, externalPub: true, grease: true });
  const message = decodeMessage(encodeMessage({ wireFormat: WireFormat.groupInfo, groupInfo }));
  return message.wireFormat === WireFormat.groupInfo ? message.groupInfo : find('a GroupInfo is a GroupInfo');
}

/** Lets a client make an external Commit and send it to the service. */
export async function joinExternally(world: World, client: Client, door: Device): Promise<void> {
  const { choices, suite, service } = world;
  const resync = leafOf(door, client.name);
  // A newcomer that stands in the tree already, or a lost leaf that the door does not know: the service refuses it anyway.
  if (resync === undefined && service.roster.has(client.name)) return;
  const options = world.newOptions();
  const { group, message } = await Group.joinExternally(
    {
      suite,
      identity: client.identity,
      groupInfo: invitation(door),
      ratchetTree: undefined,
      resync,
      psks: choices.chance(20) ? [chooseExternalPsk(world)] : [],
      authenticatedData: choices.bytes(8),
    },
    options,
  );
  const { epoch } = door.model;
  checkEqual(group.epoch, epoch + 1n, `${client.name} joins by an external Commit: epoch`);
  const about = { kind: 'commit', epoch, from: client.name, leaf: undefined, generation: undefined } as const;
  const envelope = world.seal(message, { ...about, text: 'external Commit', known: new Set() });
  const how = resync === undefined ? 'joins' : `joins again, instead of leaf ${resync}`;
  world.note(`${client.name} ${how} by #${envelope.id} in epoch ${epoch}`);
  world.counts.add(resync === undefined ? 'external join' : 'external join with resync');
  service.submit({
    envelope,
    outcome: {
      added: [],
      removed: resync === undefined ? [] : [client.name],
      welcome: undefined,
      needsResumptionPsk: false,
      endsGroup: false,
      joined: client.name,
    },
    record: recordOf(group),
    onTaken: () => beginAnew(world, client, group, options),
  });
}

/** The external Commit was taken: what the client had before is gone. */
function beginAnew(world: World, client: Client, group: Group, options: GroupOptions): void {
  const isOld = (device: Device): boolean => device.setting.client === client;
  for (const device of world.devices.filter(isOld)) {
    world.haunt({ name: client.name, stored: store(device.group.state), outSince: group.epoch });
  }
  world.devices = world.devices.filter((device) => !isOld(device));
  world.arrivals = world.arrivals.filter((arrival) => arrival.client !== client);
  world.enter(client, group, options);
}
