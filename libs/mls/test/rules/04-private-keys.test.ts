import { describe, expect, it } from '@jest/globals';

import { WireFormat } from '../../src/registries.ts';
import type { NodeIndex } from '../../src/tree/math.ts';
import { forgePath, pathIn } from '../forge.ts';
import {
  addOf,
  commitBy,
  expectAgreement,
  expectConversation,
  follow,
  groupOf,
  join,
  joiner,
  party,
  removeOf,
  type Peer,
} from '../parties.ts';
import { isZero } from '../recording-suite.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';

async function four(): Promise<[Peer, Peer, Peer, Peer]> {
  const [a, b, c, d] = await groupOf(['a', 'b', 'c', 'd']);
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('four');
  const all: [Peer, Peer, Peer, Peer] = [a, b, c, d];
  // Everybody commits once: no node is blank, and everybody knows all keys above.
  for (const peer of all) await commitBy(peer, all, { forcePath: true });
  return all;
}

const known = ({ group }: Peer): NodeIndex[] => [...group.state.keys.keys()].toSorted((x, y) => x - y);

describe('the path of a commit that adds', () => {
  /** Alice and Bob fill a tree; who is added stands in a half of its own. */
  const adding = {
    proposals: [addOf(joiner(party('carol'))), addOf(joiner(party('dave')))],
    forcePath: true,
  };

  it('goes through nodes above new leaves only, with no ciphertext there [R4.1.2-03]', async () => {
    const [alice, bob] = await groupOf(['alice', 'bob']);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const joiners = [joiner(party('carol')), joiner(party('dave'))];
    const request = { proposals: joiners.map(addOf), forcePath: true, wireFormat: WireFormat.publicMessage };
    const { message, welcome, staged } = await alice.group.commit(request);
    expect(pathIn(message).nodes.map((node) => node.encryptedPathSecret.length)).toEqual([1, 0]);
    alice.group.keep(staged);
    await follow(bob, message);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const members = [alice, bob];
    for (const who of joiners) members.push(await join(who, { wireFormat: WireFormat.welcome, welcome }));
    expect(members.map(known)).toEqual([
      [0, 1, 3],
      [1, 2, 3],
      [3, 4],
      [3, 6],
    ]);
    expectAgreement(members);
    await expectConversation(members);
  });

  it('is refused without such a node [R4.1.2-03]', async () => {
    const peers = await groupOf(['alice', 'bob']);
    const [alice, bob] = peers;
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    await expectConversation(peers);
    const short = await forgePath(alice, (path) => ({ ...path, nodes: path.nodes.slice(0, 1) }), adding);
    await expectRefused(bob, short, 'INVALID_PATH');
    await expectGoesOn(alice, peers);
  });
});

describe('private keys', () => {
  it('of nodes that a Remove blanked are gone, for the committer and for all others [R4.2-02]', async () => {
    const [a, b, c, d] = await four();
    expect(known(c)).toEqual([3, 4, 5]);
    const old = c.group.state.keys;
    // Leaf 3 is removed: node 5 has only one member below and gets no new key from anybody.
    await commitBy(a, [a, b, c, d], { proposals: [removeOf(d)] });
    expect([a, b, c].map(known)).toEqual([
      [0, 1, 3],
      [1, 2, 3],
      [3, 4],
    ]);
    const replaced = [...old].filter(([node]) => node !== 4).map(([, key]) => isZero(key));
    expect(replaced).toEqual([true, true]);
    expectAgreement([a, b, c]);
    await expectConversation([a, b, c]);
  });

  it('of nodes that the own Remove blanked are gone, too [R4.2-02]', async () => {
    const [a, b, c, d] = await four();
    await commitBy(c, [a, b, c, d], { proposals: [removeOf(d)] });
    expect([a, b, c].map(known)).toEqual([
      [0, 1, 3],
      [1, 2, 3],
      [3, 4],
    ]);
    expectAgreement(await commitBy(b, [a, b, c]));
  });

  it('are those of the own leaf and of nodes above it, for who joins and for who was there [R4.2-01]', async () => {
    const all = await four();
    expect(all.map(known)).toEqual([
      [0, 1, 3],
      [1, 2, 3],
      [3, 4, 5],
      [3, 5, 6],
    ]);
    const members = await commitBy(all[0], all, { forcePath: true }, [joiner(party('e'))]);
    expect(members.map(known)).toEqual([
      [0, 1, 3, 7],
      [1, 2, 3, 7],
      [3, 4, 5, 7],
      [3, 5, 6, 7],
      [7, 8],
    ]);
  });
});
