/**
 * A group whose members were all added by one commit: nobody but the founder has committed since, so that a commit is
 * encrypted to each leaf (RFC 9420 §7.6).
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import type { Peer, PeerClient, PeerCommit, PeerMember } from '../peers/peer.ts';
import type { Stage } from '../stage/stage.ts';
import { requireWelcome } from './live-group.ts';

/** The founder, at leaf 0, and the last member; the others are puppets. */
export interface FreshGroup {
  readonly founder: PeerMember;
  readonly last: PeerMember;
}

/** Who founds a group, who enters it last, and the KeyPackages of all who are added. */
export interface FoundingCast {
  readonly founder: PeerClient;
  readonly joiner: PeerClient;
  readonly add: readonly Uint8Array[];
}

/** Makes the clients and the KeyPackages; nothing of it belongs to making the group. */
export async function prepareFounding(peer: Peer, { cast, members }: Stage): Promise<FoundingCast> {
  const founder = await peer.createClient(cast.suite.id, 'founder');
  const joiner = await peer.createClient(cast.suite.id, 'joiner');
  const add = [...cast.keyPackages(1, members - 2), await joiner.createKeyPackage()];
  return { founder, joiner, add };
}

/** Makes a group and adds everybody by one commit. */
export async function foundWith({
  founder,
  add,
}: FoundingCast): Promise<PeerCommit & { readonly member: PeerMember }> {
  const member = await founder.createGroup(new Uint8Array(randomBytes(32)));
  return { member, ...(await member.commit({ add })) };
}

/** Founds the group, and lets the last member enter. */
export async function foundFresh(peer: Peer, stage: Stage): Promise<FreshGroup> {
  const casting = await prepareFounding(peer, stage);
  const { member: founder, welcome } = await foundWith(casting);
  const tree = await founder.ratchetTree();
  return { founder, last: await casting.joiner.join(requireWelcome(welcome), tree) };
}
