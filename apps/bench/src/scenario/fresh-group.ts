/**
 * A group whose members were all added by one commit: nobody but the founder has committed since, so that a commit is
 * encrypted to each leaf (RFC 9420 §7.6).
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import type { Peer, PeerMember } from '../peers/peer.ts';
import type { Stage } from '../stage/stage.ts';
import { requireWelcome } from './live-group.ts';

/** The founder, at leaf 0, and the last member; the others are puppets. */
export interface FreshGroup {
  readonly founder: PeerMember;
  readonly last: PeerMember;
}

/** Founds the group. */
export async function foundFresh(peer: Peer, { cast, members }: Stage): Promise<FreshGroup> {
  const client = await peer.createClient(cast.suite.id, 'founder');
  const joiner = await peer.createClient(cast.suite.id, 'last');
  const add = [...cast.keyPackages(1, members - 2), await joiner.createKeyPackage()];
  const founder = await client.createGroup(new Uint8Array(randomBytes(32)));
  const welcome = requireWelcome((await founder.commit({ add })).welcome);
  const tree = await founder.ratchetTree();
  return { founder, last: await joiner.join(welcome, tree) };
}
