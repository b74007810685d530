/**
 * Members found another group on this one: a branch, or the one that a ReInit described (RFC 9420 §11.2, §11.3).
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import { decodeMessage, encodeMessage, Group, WireFormat, type NewSubgroup, type Welcome } from '@canopy/mls';
import { attempt, check, find } from '../../finding.ts';
import { NOW, type Client } from '../client.ts';
import type { Device } from '../device.ts';
import { checkRecord, recordOf } from '../epoch-record.ts';
import { chooseExtensions } from '../group-extensions.ts';
import { store } from '../storage.ts';
import type { World } from '../world.ts';

interface Companion {
  readonly device: Device;
  readonly own: ReturnType<Client['publish']>;
}

/** Lets a member found a group with others of its epoch; the old group stays as it is. */
export async function foundSubgroup(world: World): Promise<void> {
  const { choices } = world;
  const founder = choices.maybeOneOf(world.devices.filter(({ model }) => model.status !== 'removed'));
  if (founder === undefined) return;
  const others = companions(world, founder);
  if (others === undefined) return;
  const before = store(founder.group.state);
  const { group, welcome } = await found(world, founder, others);
  check(equal(store(founder.group.state), before), `${founder.name}: the old group stays as it was`);
  world.note(`${founder.name} founds a group with ${others.map(({ device }) => device.name).join(' ')}`);
  world.counts.add(
    `join founder of a ${founder.model.status === 'ended' ? 'reinitialized group' : 'branch'}`,
  );
  if (welcome === undefined) {
    check(others.length === 0, `${founder.name}: a group of several has a Welcome`);
    return;
  }
  for (const { device, own } of others) await joinSubgroup(world, device, { own, group, welcome });
}

/** Chooses who comes along: after a ReInit all members, or nobody can begin. */
function companions(world: World, founder: Device): readonly Companion[] | undefined {
  const { choices, devices } = world;
  const { epoch, status } = founder.model;
  const peers = devices.filter(
    (device) => device !== founder && device.model.epoch === epoch && device.model.status === status,
  );
  const isComplete = peers.length + 1 === [...founder.group.members()].length;
  if (status === 'ended' && !isComplete) return undefined;
  const chosen = status === 'ended' ? peers : choices.someOf(peers, choices.below(peers.length + 1));
  return chosen.map((device) => ({ device, own: device.setting.client.publish(false) }));
}

function found(
  { choices, suite, externals }: World,
  { group, model, setting }: Device,
  others: readonly Companion[],
): Promise<NewSubgroup> {
  const request = {
    suite,
    identity: setting.client.identity,
    lifetime: { notBefore: NOW - 60n, notAfter: NOW + 3600n },
    grease: true,
    keyPackages: others.map(({ own }) => own.keyPackage),
    forcePath: choices.chance(50),
    welcomeInfo: { ratchetTree: true, externalPub: false, grease: true },
  };
  if (model.status === 'ended') return group.reinitialize(request);
  const groupId = choices.bytes(16);
  return group.branch({ ...request, groupId, extensions: chooseExtensions(choices, externals) });
}

async function joinSubgroup(
  world: World,
  { group: old, setting, name }: Device,
  {
    own,
    group,
    welcome,
  }: { readonly own: Companion['own']; readonly group: Group; readonly welcome: Welcome },
): Promise<void> {
  const { suite } = world;
  const before = store(old.state);
  const input = { suite, welcome: overTheWire(welcome), keyPackage: own, ratchetTree: undefined };
  const stranger = await attempt(`${name} joins without the old group`, () =>
    Group.join(input, setting.options),
  );
  check(stranger.kind === 'refused', `${name}: nobody joins without the old group`);
  const joined = await Group.join({ ...input, oldGroup: old.state }, setting.options);
  checkRecord(joined, recordOf(group), `${name}, in the new group`);
  check(equal(store(old.state), before), `${name}: the old group stays as it was`);
  setting.client.use(own.keyPackage);
}

function overTheWire(welcome: Welcome): Welcome {
  const message = decodeMessage(encodeMessage({ wireFormat: WireFormat.welcome, welcome }));
  return message.wireFormat === WireFormat.welcome ? message.welcome : find('a Welcome is a Welcome');
}
