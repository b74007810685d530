import { Group } from '../src/group/group.ts';
import type { HashRatchetState } from '../src/secret-tree/hash-ratchet.ts';
import { SecretTree } from '../src/secret-tree/secret-tree.ts';
import type { Peer } from './parties.ts';

/** Puts a member's own ratchet at a generation that nobody reaches. */
export function atGeneration(
  { party, group }: Peer,
  kind: 'handshake' | 'application',
  generation: number,
): Peer {
  const { state, suite } = group;
  const { leafCount, nodes, ratchets } = state.secretTree.state;
  const start = (at: number): HashRatchetState => ({
    secret: suite.random(suite.kdf.size),
    generation: at,
    skipped: [],
  });
  const own = { handshake: start(0), application: start(0), [kind]: start(generation) };
  const others = ratchets.filter(([leaf]) => leaf !== state.ownLeafIndex);
  const secretTree = new SecretTree(suite, {
    leafCount,
    nodes,
    ratchets: [...others, [state.ownLeafIndex, own]],
  });
  return { party, group: new Group({ ...state, secretTree }, party.options) };
}
