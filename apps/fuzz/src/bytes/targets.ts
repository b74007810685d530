/**
 * What damaged bytes are offered to.
 *
 * @module
 */

import { CodecError, decode, encode } from '@canopy/codec';
import {
  createExternalProposal,
  decodeMessage,
  encodeMessage,
  Group,
  nodesOfTree,
  ProposalType,
  RatchetTreeNodes,
  treeFromNodes,
  WireFormat,
  type GroupInfo,
  type RatchetTree,
} from '@canopy/mls';
import { equal } from '@canopy/crypto';
import { attempt, check, find } from '../finding.ts';
import { mutate } from '../mutate.ts';
import { timed } from '../slow.ts';
import { enterByCommit, invitation } from '../structure/actions/enter.ts';
import { talk } from '../structure/actions/talk.ts';
import { propose } from '../structure/actions/propose.ts';
import { commit } from '../structure/actions/commit.ts';
import { Client } from '../structure/client.ts';
import { offerDamaged } from '../structure/damage.ts';
import { deliverOne } from '../structure/deliver.ts';
import { settle } from '../structure/actions/settle.ts';
import { checkRecord, recordOf } from '../structure/epoch-record.ts';
import { store } from '../structure/storage.ts';
import type { World } from '../structure/world.ts';
import type { Decoder } from './decoders.ts';

/** Offers damaged bytes to a decoder: it refuses them, or reads a value that is written as these very bytes. */
export async function damageDecoder(world: World, decoders: readonly Decoder[]): Promise<void> {
  const { choices, counts } = world;
  const { name, samples, readAndWrite, isCanonical }: Decoder = choices.oneOf(decoders);
  const other = choices.oneOf(decoders);
  const bytes = mutate(choices, choices.oneOf(samples), [choices.oneOf(other.samples)]);
  const what = `${name} from ${describe(bytes)}`;
  const result = await timed(what, () => attempt(what, () => readAndWrite(bytes)));
  counts.add(`input ${name}`);
  counts.add(result.kind === 'done' ? 'read' : `refusal ${result.refusal.code}`);
  if (result.kind === 'refused') return;
  const again = isCanonical ? bytes : readAndWrite(result.value);
  check(equal(result.value, again), `${what}: written again it is other bytes`);
}

function describe(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, 80)).toString('hex');
  return `${bytes.length} bytes ${hex}${bytes.length > 80 ? '…' : ''}`;
}

const operations = [
  [3, talk],
  [2, propose],
  [2, commit],
  [1, enterByCommit],
] as const;

/** Offers damaged messages to members, who refuse them and then take the true ones. */
export async function damageMessages(world: World): Promise<void> {
  await world.choices.weighted(operations)(world);
  const device = world.choices.maybeOneOf(world.active.filter(({ queue }) => queue.length > 0));
  const envelope = device && world.choices.maybeOneOf(device.queue);
  if (device === undefined || envelope === undefined) {
    await settle(world);
    return;
  }
  for (let count = 0; count < 10; count++) {
    await offerDamaged(world, device, envelope);
    world.counts.add(`input process ${envelope.kind}`);
  }
  while (device.queue.length > 0) await deliverOne(world, device);
}

/** Offers a damaged Welcome to the client that it is for, or a damaged tree beside a good one. */
export async function damageWelcome(world: World): Promise<void> {
  const { choices, suite } = world;
  const device = choices.oneOf(world.active);
  const { options } = device.setting;
  const stranger = new Client(suite, 'stranger');
  const own = stranger.publish(false);
  const { welcome, staged } = await device.group.commit({
    proposals: [{ proposalType: ProposalType.add, keyPackage: own.keyPackage }],
    includeReceived: false,
    wireFormat: WireFormat.publicMessage,
    welcomeInfo: { ratchetTree: false, externalPub: false, grease: true },
  });
  if (welcome === undefined) return find('a commit that adds has a Welcome');
  const good = encodeMessage({ wireFormat: WireFormat.welcome, welcome });
  const tree = encode(RatchetTreeNodes, nodesOfTree(staged.state.tree));
  const join = (bytes: Uint8Array, nodes: Uint8Array): Promise<Group> =>
    Group.join({ suite, welcome: welcomeIn(bytes), keyPackage: own, ratchetTree: treeIn(nodes) }, options);
  const damagesTree = choices.chance(40);
  const damaged = mutate(choices, damagesTree ? tree : good, []);
  await refuses(world, damagesTree ? 'a tree' : 'a Welcome', () =>
    damagesTree ? join(good, damaged) : join(damaged, tree),
  );
  checkRecord(await join(good, tree), recordOf(new Group(staged.state, options)), 'a stranger');
  device.group.drop(staged);
}

function welcomeIn(bytes: Uint8Array): Parameters<typeof Group.join>[0]['welcome'] {
  const message = decodeMessage(bytes);
  if (message.wireFormat === WireFormat.welcome) return message.welcome;
  throw new CodecError('UNKNOWN_VALUE', 'a Welcome expected');
}

function groupInfoIn(bytes: Uint8Array): GroupInfo {
  const message = decodeMessage(bytes);
  if (message.wireFormat === WireFormat.groupInfo) return message.groupInfo;
  throw new CodecError('UNKNOWN_VALUE', 'a GroupInfo expected');
}

const treeIn = (bytes: Uint8Array): RatchetTree => treeFromNodes(decode(RatchetTreeNodes, bytes));

/** Offers a damaged GroupInfo to somebody who wants to join by it, or to propose from outside. */
export async function damageGroupInfo(world: World): Promise<void> {
  const { choices, suite, externals } = world;
  const device = choices.oneOf(world.active);
  const good = encodeMessage({ wireFormat: WireFormat.groupInfo, groupInfo: invitation(device) });
  const damaged = mutate(choices, good, []);
  const { identity } = new Client(suite, 'stranger');
  const rest = { ratchetTree: undefined, authenticatedData: new Uint8Array(0) };
  const join = (bytes: Uint8Array): ReturnType<typeof Group.joinExternally> =>
    Group.joinExternally(
      { suite, identity, groupInfo: groupInfoIn(bytes), resync: undefined, psks: [], ...rest },
      device.setting.options,
    );
  await refuses(world, 'a GroupInfo', () => join(damaged));
  const [party] = externals;
  if (party === undefined) return;
  const { signatureKeyPair } = party;
  const proposal = { proposalType: ProposalType.remove, removed: device.group.state.ownLeafIndex };
  await refuses(world, 'a GroupInfo for a proposal', () =>
    createExternalProposal({
      suite,
      groupInfo: groupInfoIn(damaged),
      senderIndex: 0,
      signatureKeyPair,
      proposal,
      ...rest,
    }),
  );
}

/** Offers a damaged KeyPackage to a member that is to add its client. */
export async function damageKeyPackage(world: World): Promise<void> {
  const { choices, suite } = world;
  const device = choices.oneOf(world.active);
  const { keyPackage } = new Client(suite, 'stranger').publish(false);
  const bytes = mutate(choices, encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage }), []);
  const before = store(device.group.state);
  await refuses(world, 'a KeyPackage', () => {
    const message = decodeMessage(bytes);
    if (message.wireFormat !== WireFormat.keyPackage) throw new CodecError('UNKNOWN_VALUE', 'a KeyPackage');
    const add = { proposalType: ProposalType.add, keyPackage: message.keyPackage };
    return device.group.commit({ proposals: [add], wireFormat: WireFormat.publicMessage });
  });
  check(equal(store(device.group.state), before), `${device.name}: a refused KeyPackage changes nothing`);
}

/** Requires that something damaged is refused, in time. */
async function refuses(world: World, what: string, act: () => unknown): Promise<void> {
  const action = `${what}, damaged`;
  const result = await timed(action, () => attempt(action, act));
  world.counts.add(`input ${what}`);
  if (result.kind === 'done') find(`${action}: it was taken`);
  world.counts.add(`refusal ${result.refusal.code}`);
}
