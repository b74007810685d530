import { beforeAll, describe, expect, it } from '@jest/globals';

import type { RecordChange } from '../../src/group/records/record.ts';
import { encodeStagedCommit } from '../../src/group/records/staged-record.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { addOf, follow, found, hear, join, joiner, keyPackageOf, party, say } from '../parties.ts';
import { expectStored, keeper, save, type Keeper } from './record-store.ts';

/** A group of a size in which two members have a device; the others are there and silent. */
async function wideGroup(size: number): Promise<{ readonly alice: Keeper; readonly bob: Keeper }> {
  const alice = await found(party('alice'));
  const bob = joiner(party('bob'));
  const silent = party('silent');
  const others = Array.from({ length: size - 2 }, () => ({ ...silent, identity: party('silent').identity }));
  const joiners = [bob, ...others.map((one) => ({ party: one, keyPackage: keyPackageOf(one) }))];
  const { staged, welcome } = await alice.group.commit({ proposals: joiners.map(addOf), forcePath: true });
  alice.group.keep(staged);
  if (welcome === undefined) throw new Error('a Welcome expected');
  const joined = await join(bob, { wireFormat: WireFormat.welcome, welcome });
  return { alice: keeper(alice), bob: keeper(joined) };
}

interface Cost {
  readonly records: number;
  readonly bytes: number;
}

function costOf(changes: readonly RecordChange[]): Cost {
  const bytes = changes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
  return { records: changes.length, bytes };
}

async function costOfMessage({ alice, bob }: Record<'alice' | 'bob', Keeper>): Promise<readonly Cost[]> {
  const message = say(alice.peer, 'what does it cost?');
  const sent = costOf(save(alice));
  await hear(bob.peer, message);
  return [sent, costOf(save(bob))];
}

async function costOfCommit(
  { alice, bob }: Record<'alice' | 'bob', Keeper>,
  request: Parameters<Keeper['peer']['group']['commit']>[0] = {},
): Promise<readonly Cost[]> {
  const { message, staged } = await alice.peer.group.commit(request);
  const staging = costOf([...save(alice), { key: '', value: encodeStagedCommit(staged) }]);
  alice.peer.group.keep(staged);
  const kept = costOf(save(alice));
  await follow(bob.peer, message);
  return [staging, kept, costOf(save(bob))];
}

const sizes = [2, 64, 1000] as const;
const groups = new Map<number, Awaited<ReturnType<typeof wideGroup>>>();

function groupOfSize(size: number): Awaited<ReturnType<typeof wideGroup>> {
  const group = groups.get(size);
  if (group === undefined) throw new Error('a group of this size expected');
  return group;
}

beforeAll(async () => {
  for (const size of sizes) groups.set(size, await wideGroup(size));
}, 60_000);

describe('what is written', () => {
  it.each(sizes)(
    'for the first message of a sender among %i goes with the height of the tree',
    async (size) => {
      for (const { records } of await costOfMessage(groupOfSize(size))) {
        // A secret beside each step of the path, the root's deletion, and two ratchets.
        expect(records).toBe(Math.ceil(Math.log2(size)) + 3);
      }
    },
  );

  it('for a message is one record of the same size, however many members and skipped keys there are', async () => {
    const costs = new Set<string>();
    for (const size of sizes) {
      const group = groupOfSize(size);
      costs.add(JSON.stringify(await costOfMessage(group)));
      const skipped = Array.from({ length: 500 }, (_, at) => say(group.alice.peer, `skipped ${at}`));
      const last = say(group.alice.peer, 'last');
      save(group.alice);
      await hear(group.bob.peer, last);
      expect(costOf(save(group.bob)).records).toBe(501);
      costs.add(JSON.stringify(await costOfMessage(group)));
      const [late] = skipped;
      if (late === undefined) throw new Error('a message expected');
      await hear(group.bob.peer, late);
      expect(costOf(save(group.bob))).toEqual({ records: 1, bytes: expect.any(Number) });
      expectStored(group.bob);
    }
    const [cost, ...others] = costs;
    expect(others).toEqual([]);
    expect(JSON.parse(cost ?? '')).toEqual([
      { records: 1, bytes: expect.any(Number) },
      { records: 1, bytes: expect.any(Number) },
    ]);
  });

  it.each(sizes)('for a commit among %i goes with the height of the tree', async (size) => {
    const group = groupOfSize(size);
    // What the epochs before have left has been deleted when the retained ones are all quiet.
    for (let count = 0; count < 5; count++) await costOfCommit(group, { forcePath: true });
    const height = Math.log2(size);
    const silent = group.alice.peer.group.state.tree.memberCount - 1;
    const removal: Proposal = { proposalType: ProposalType.remove, removed: toLeafIndex(silent) };
    for (const proposals of size > 2 ? [[], [removal]] : [[]]) {
      for (const { records, bytes } of await costOfCommit(group, { proposals, forcePath: true })) {
        expect(records).toBeLessThanOrEqual(4 * height + 16);
        expect(bytes).toBeLessThanOrEqual(350 * height + 1600);
      }
    }
    expectStored(group.alice);
    expectStored(group.bob);
  });
});
