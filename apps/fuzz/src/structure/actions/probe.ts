/**
 * Now and then somebody tries out whether a newcomer would find everything in order.
 *
 * @module
 */

import { equal } from '@canopy/crypto';
import { decodeMessage, encodeMessage, Group, ProposalType, WireFormat } from '@canopy/mls';
import { check } from '../../finding.ts';
import { Client } from '../client.ts';
import type { Device } from '../device.ts';
import { checkRecord, recordOf } from '../epoch-record.ts';
import { store } from '../storage.ts';
import type { World } from '../world.ts';
import { invitation } from './enter.ts';

/** Lets a stranger validate the whole group: by a Welcome or by an external Commit that nobody ever sends. */
export async function probe(world: World): Promise<void> {
  const device = world.choices.maybeOneOf(world.active);
  if (device === undefined) return;
  await probeDevice(world, device);
}

/** Lets a stranger validate a member's view of the group; the member stays as it was. */
export async function probeDevice(world: World, device: Device): Promise<void> {
  const before = store(device.group.state);
  const stranger = new Client(world.suite, 'stranger');
  if (world.choices.chance(50)) await probeByWelcome(world, device, stranger);
  else await probeByCommit(world, device, stranger);
  world.counts.add('probe');
  check(equal(store(device.group.state), before), `${device.name}: a probe changes nothing`);
}

async function probeByWelcome(
  { suite, choices }: World,
  { group, setting, name }: Device,
  stranger: Client,
): Promise<void> {
  const keyPackage = stranger.publish(false);
  const { staged, welcome } = await group.commit({
    proposals: [{ proposalType: ProposalType.add, keyPackage: keyPackage.keyPackage }],
    includeReceived: false,
    forcePath: choices.chance(50),
    // A PublicMessage uses up no key.
    wireFormat: WireFormat.publicMessage,
  });
  if (welcome === undefined) return;
  const message = decodeMessage(encodeMessage({ wireFormat: WireFormat.welcome, welcome }));
  if (message.wireFormat !== WireFormat.welcome) return;
  const input = { suite, welcome: message.welcome, keyPackage, ratchetTree: undefined };
  const joined = await Group.join(input, setting.options);
  checkRecord(joined, recordOf(new Group(staged.state, setting.options)), `a stranger, let in by ${name}`);
  group.drop(staged);
}

async function probeByCommit({ suite, choices }: World, device: Device, stranger: Client): Promise<void> {
  const { group, setting, name } = device;
  const joined = await Group.joinExternally(
    {
      suite,
      identity: stranger.identity,
      groupInfo: invitation(device),
      ratchetTree: undefined,
      resync: undefined,
      psks: [],
      authenticatedData: choices.bytes(4),
    },
    setting.options,
  );
  const received = await group.process(decodeMessage(encodeMessage(joined.message)));
  if (received.kind !== 'commit') return;
  const after = recordOf(new Group(received.staged.state, setting.options));
  checkRecord(joined.group, after, `a stranger, let in by ${name}`);
  group.drop(received.staged);
}
