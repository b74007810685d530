import { describe, expect, it } from '@jest/globals';

import { getCipherSuite } from '@canopy/crypto';

import { WireFormat } from '../../src/registries.ts';
import {
  choices,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  groupOf,
  joiner,
  party,
  receive,
  removeOf,
  restarted,
  type Peer,
} from '../parties.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `member ${index}`);
const formats = [WireFormat.privateMessage, WireFormat.publicMessage] as const;

function oneOf<T>(values: readonly T[], pick: (below: number) => number): T {
  const value = values[pick(values.length)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
}

/** One random step: an addition, a removal, an Update by reference, or new keys. */
async function step(peers: readonly Peer[], pick: (below: number) => number): Promise<Peer[]> {
  const any = (): Peer => oneOf(peers, pick);
  const committer = any();
  const framing = { wireFormat: oneOf(formats, pick), authenticatedData: empty };
  switch (pick(5)) {
    case 0:
      return commitBy(committer, peers, { ...framing, forcePath: pick(2) === 0 }, [
        joiner(party(`joiner ${pick(1000)}`)),
      ]);
    case 1: {
      const removed = any();
      const proposals = removed === committer ? [] : [removeOf(removed)];
      return commitBy(committer, peers, { ...framing, proposals });
    }
    case 2: {
      const updater = any();
      const proposal = await updater.group.proposeUpdate(framing);
      for (const peer of peers) if (peer !== updater) await receive(peer, proposal);
      return commitBy(committer, peers, { ...framing, forcePath: pick(2) === 0 });
    }
    default:
      return commitBy(committer, peers, framing);
  }
}

/** In a large group only some talk: everybody with everybody is too slow for every change. */
function someOf(peers: readonly Peer[], pick: (below: number) => number): Peer[] {
  return [...new Set(Array.from({ length: 5 }, () => oneOf(peers, pick)))];
}

async function walk(size: number, steps: number, seed: number): Promise<void> {
  const pick = choices(seed);
  let peers = await groupOf(names(size));
  for (let count = 0; count < steps; count++) {
    peers = await step(peers, pick);
    expectAgreement(peers);
    await expectConversation(peers.length <= 9 ? peers : someOf(peers, pick));
    if (pick(4) === 0) peers = peers.map(restarted);
  }
  const epochs = new Set(peers.map(({ group }) => group.epoch));
  expect(epochs).toEqual(new Set([BigInt(steps + (size > 1 ? 1 : 0))]));
}

describe('random commits by random members', () => {
  it.each([
    { size: 1, steps: 12 },
    { size: 2, steps: 12 },
    { size: 3, steps: 12 },
    { size: 9, steps: 14 },
    { size: 33, steps: 6 },
  ])('keep a group of $size together over $steps epochs [R8.1-03, R8.7-01]', ({ size, steps }) =>
    walk(size, steps, 7 * size + 1),
  );

  it.each([1, 2, 3, 4, 5, 6, 7])('keep a group together in cipher suite %i [R17.1-02]', async (id) => {
    const peers = await groupOf(['alice', 'bob', 'carol'], { suite: getCipherSuite(id) });
    const [alice, bob, carol] = peers;
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
    await expectConversation(peers);
    const two = await commitBy(bob, peers, { proposals: [removeOf(carol)] });
    const settings = { suite: getCipherSuite(id) };
    const three = await commitBy(alice, two, { wireFormat: WireFormat.publicMessage }, [
      joiner(party('dave', settings)),
    ]);
    expectAgreement(three);
    await expectConversation(three);
  });
});
