/**
 * Proposals that a member may well make, by value or by reference (RFC 9420 §12.1).
 *
 * @module
 */

import { ProposalType, PSKType, ResumptionPSKUsage, type PreSharedKeyID, type Proposal } from '@canopy/mls';
import type { Client } from './client.ts';
import { nameIn } from './client.ts';
import type { Device } from './device.ts';
import { chooseExtensions } from './group-extensions.ts';
import type { World } from './world.ts';

/** A proposal with its name for the log. */
export interface NamedProposal {
  readonly proposal: Proposal;
  readonly text: string;
}

const namesIn = (device: Device): ReadonlySet<string> =>
  new Set(Array.from(device.group.members(), ({ leafNode }) => nameIn(leafNode.credential)));

/** Chooses somebody who is not in the group and may be added. */
export function chooseNewcomer(world: World, device: Device): Client | undefined {
  const { choices, service, settings } = world;
  if (service.roster.size >= settings.members) return undefined;
  const inTree = namesIn(device);
  const known = [...world.clients.keys()].filter(
    (name) => !inTree.has(name) && !service.roster.has(name) && !world.isPresent(name),
  );
  const name = choices.chance(50) ? choices.maybeOneOf(known) : undefined;
  return world.client(name ?? `m${world.clients.size}`);
}

/** Proposes to add somebody. */
export function chooseAdd(world: World, device: Device): NamedProposal | undefined {
  const client = chooseNewcomer(world, device);
  if (client === undefined) return undefined;
  const isLastResort = world.choices.chance(30);
  const { keyPackage } = client.publish(isLastResort);
  if (isLastResort) world.exorcise(client.name);
  return { proposal: { proposalType: ProposalType.add, keyPackage }, text: `add ${client.name}` };
}

/** Proposes to remove somebody else, or, by reference, the proposer itself. */
export function chooseRemove(world: World, device: Device, mayLeave: boolean): NamedProposal | undefined {
  const members = [...device.group.members()].filter(
    ({ leafIndex }) => mayLeave || leafIndex !== device.group.state.ownLeafIndex,
  );
  const member = world.choices.maybeOneOf(members);
  if (member === undefined) return undefined;
  const text = `remove ${nameIn(member.leafNode.credential)}`;
  return { proposal: { proposalType: ProposalType.remove, removed: member.leafIndex }, text };
}

/** Names a PSK that all members know. */
export function chooseExternalPsk(world: World): PreSharedKeyID {
  const { choices, psks, suite } = world;
  const id = choices.chance(50) && psks.size > 0 ? choices.oneOf([...psks.keys()]) : `psk${psks.size}`;
  if (!psks.has(id)) psks.set(id, suite.random(choices.oneOf([1, 16, 32, 100])));
  const pskId = new TextEncoder().encode(id);
  return { pskType: PSKType.external, pskId, pskNonce: suite.random(suite.kdf.size) };
}

/** Names the resumption PSK of an epoch that all members of the proposer's epoch still know. */
function chooseResumptionPsk(world: World, device: Device): PreSharedKeyID | undefined {
  const { choices, settings, suite, devices, arrivals } = world;
  const { epoch } = device.model;
  const since = [...devices.map(({ model }) => model.joinedAt), ...arrivals.map((arrival) => arrival.epoch)];
  const lastJoin = since.filter((joined) => joined <= epoch).reduce((a, b) => (a > b ? a : b), 0n);
  const back = Math.min(settings.shared.resumptionPsks, Number(epoch - lastJoin));
  return {
    pskType: PSKType.resumption,
    usage: ResumptionPSKUsage.application,
    pskGroupId: device.group.groupId,
    pskEpoch: epoch - BigInt(choices.between(0, back)),
    pskNonce: suite.random(suite.kdf.size),
  };
}

/** Proposes to mix in a key. */
export function choosePsk(world: World, device: Device): NamedProposal | undefined {
  if (world.choices.chance(60)) {
    const psk = chooseExternalPsk(world);
    return { proposal: { proposalType: ProposalType.psk, psk }, text: 'external PSK' };
  }
  const psk = chooseResumptionPsk(world, device);
  return psk && { proposal: { proposalType: ProposalType.psk, psk }, text: 'resumption PSK' };
}

/** A key that nobody has: whoever commits leaves it out. */
export function unknownPsk({ suite }: World): NamedProposal {
  const psk = { pskType: PSKType.external, pskId: suite.random(8), pskNonce: suite.random(suite.kdf.size) };
  return { proposal: { proposalType: ProposalType.psk, psk }, text: 'a PSK that nobody has' };
}

/** Proposes other extensions for the group. */
export function chooseExtensionChange(world: World): NamedProposal {
  const extensions = chooseExtensions(world.choices, world.externals);
  return {
    proposal: { proposalType: ProposalType.groupContextExtensions, extensions },
    text: `${extensions.length} extensions`,
  };
}

/** Proposes to end the group in favour of another one. */
export function chooseReInit({ suite, choices }: World): NamedProposal {
  return {
    proposal: {
      proposalType: ProposalType.reinit,
      groupId: choices.bytes(16),
      version: 1,
      cipherSuite: suite.id,
      extensions: [],
    },
    text: 'ReInit',
  };
}

/** Says whether a proposal needs a key that only members have. */
export function isResumption(proposal: Proposal): boolean {
  return proposal.proposalType === ProposalType.psk && proposal.psk.pskType === PSKType.resumption;
}
