/**
 * The members that a library plays in a group of the stage.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { NotOffered, type Peer, type PeerClient, type PeerMember } from '../peers/peer.ts';
import type { Invitation, Stage } from '../stage/stage.ts';
import { canCollectGarbage, weigh } from './memory.ts';

/** Live members at leaf 0, leaf 1 (near) and the last leaf (far), which a group of two has not beside the near one. */
export interface LiveGroup {
  readonly first: PeerMember;
  readonly near: PeerMember;
  readonly far: PeerMember | undefined;
  /** What the far one's state takes of memory; undefined where that cannot be seen, or is not worth to. */
  readonly bytesOfFar: number | undefined;
}

/** A stage has puppets to replace from this size on; smaller groups are all live. */
const FEWEST_WITH_PUPPETS = 4;

/** Lets a library enter the warm group of a stage. */
export async function enterStage(peer: Peer, stage: Stage): Promise<LiveGroup> {
  const group =
    stage.members < FEWEST_WITH_PUPPETS ? await foundLive(peer, stage) : await enterWarm(peer, stage);
  await warmUpLive(group);
  await requireAgreement(membersOf(group));
  return group;
}

/** The leaves of a library that makes no commit without a change stay unmerged: three of all. */
async function warmUpLive(group: LiveGroup): Promise<void> {
  try {
    for (const member of membersOf(group)) await commitWithin(group, member);
  } catch (error) {
    if (!(error instanceof NotOffered)) throw error;
  }
}

async function foundLive(peer: Peer, { cast, members }: Stage): Promise<LiveGroup> {
  const founder = await peer.createClient(cast.suite.id, 'first');
  const first = await founder.createGroup(randomBytes(32));
  const joiners = await createClients(peer, cast.suite.id, ['near', 'far'].slice(0, members - 1));
  const { welcome } = await first.commit({ add: await keyPackagesOf(joiners) });
  const entry = { welcome: requireWelcome(welcome), ratchetTree: await first.ratchetTree() };
  const [near, far] = await joinAll(joiners, entry);
  if (near === undefined) throw new Error('a group of at least two expected');
  return { first, near, far, bytesOfFar: undefined };
}

async function enterWarm(peer: Peer, stage: Stage): Promise<LiveGroup> {
  const clients = await createClients(peer, stage.cast.suite.id, ['first', 'near']);
  const last = await peer.createClient(stage.cast.suite.id, 'far');
  const keyPackages = [...(await keyPackagesOf(clients)), await last.createKeyPackage()];
  const entry = await stage.invite(keyPackages, peer.treeOfWelcome);
  const [first, near] = await joinAll(clients, entry);
  if (first === undefined || near === undefined) throw new Error('two members expected');
  const enter = (): Promise<PeerMember> => last.join(entry.welcome, entry.ratchetTree);
  if (!isWorthWeighing(peer, stage)) return { first, near, far: await enter(), bytesOfFar: undefined };
  const { made: far, bytes } = await weigh(enter);
  return { first, near, far, bytesOfFar: bytes };
}

/** In smaller groups, what else moves in the heap meanwhile is a good part of it. */
export const FEWEST_TO_WEIGH = 1000;

function isWorthWeighing({ memory }: Peer, { members }: Stage): boolean {
  return canCollectGarbage && memory === 'heap' && members >= FEWEST_TO_WEIGH;
}

// One after another, here and below: a library may not bear to be called twice at once.
async function createClients(peer: Peer, suite: number, names: readonly string[]): Promise<PeerClient[]> {
  const clients: PeerClient[] = [];
  for (const name of names) clients.push(await peer.createClient(suite, name));
  return clients;
}

async function keyPackagesOf(clients: readonly PeerClient[]): Promise<Uint8Array[]> {
  const keyPackages: Uint8Array[] = [];
  for (const client of clients) keyPackages.push(await client.createKeyPackage());
  return keyPackages;
}

async function joinAll(
  clients: readonly PeerClient[],
  { welcome, ratchetTree }: Pick<Invitation, 'welcome' | 'ratchetTree'>,
): Promise<PeerMember[]> {
  const members: PeerMember[] = [];
  for (const client of clients) members.push(await client.join(welcome, ratchetTree));
  return members;
}

/** Gives a Welcome that has to be there. */
export function requireWelcome(welcome: Uint8Array | undefined): Uint8Array {
  if (welcome === undefined) throw new Error('a commit that adds gave no Welcome');
  return welcome;
}

/** Lists the live members. */
export function membersOf({ first, near, far }: LiveGroup): readonly PeerMember[] {
  return far === undefined ? [first, near] : [first, near, far];
}

/** Gives a message to members. */
export async function deliver(
  message: Uint8Array,
  receivers: readonly (PeerMember | undefined)[],
): Promise<void> {
  for (const receiver of receivers) await receiver?.process(message);
}

/** Lets a member commit, and the others process it. */
export async function commitWithin(group: LiveGroup, committer: PeerMember): Promise<void> {
  const { commit } = await committer.commit({});
  await deliver(
    commit,
    membersOf(group).filter((member) => member !== committer),
  );
}

/** Lets the member at the right edge commit: removals have blanked the nodes there. */
export function warmAgain(group: LiveGroup): Promise<void> {
  return commitWithin(group, group.far ?? group.near);
}

/** Requires that members are in the same epoch with the same secrets (RFC 9420 §8.7). */
export async function requireAgreement(members: readonly PeerMember[]): Promise<void> {
  const found = new Set<string>();
  for (const member of members) found.add(Buffer.from(await member.epochAuthenticator()).toString('hex'));
  if (found.size > 1) throw new Error('its members have lost each other: their epoch authenticators differ');
}
