import { describe, expect, it } from '@jest/globals';

import { adviseOnKeys, observeKeys, type KeyAges } from '../../src/group/key-age.ts';
import { commitBy, removeOf, trio, type Peer } from '../parties.ts';

const HOUR = 3600n;
const policy = { updateAfter: 24n * HOUR, removeAfter: 30n * 24n * HOUR };
const start = 1_800_000_000n;

const of = ({ group }: Peer) => ({
  members: () => group.members(),
  ownLeafIndex: group.state.ownLeafIndex,
});

describe("members' keys", () => {
  it('are due for an update after a while, and not straight after one [R3.2-01]', async () => {
    const members = await trio();
    const [alice, bob] = members;
    let seen: KeyAges = observeKeys(new Map(), alice.group.members(), start);
    const later = start + policy.updateAfter;
    expect(adviseOnKeys(seen, of(alice), policy, later - 1n)).toEqual({ update: false, remove: [] });
    expect(adviseOnKeys(seen, of(alice), policy, later)).toEqual({ update: true, remove: [] });
    await commitBy(alice, members);
    seen = observeKeys(seen, alice.group.members(), later);
    expect(adviseOnKeys(seen, of(alice), policy, later + 1n).update).toBe(false);
    expect(adviseOnKeys(seen, of(bob), policy, later + 1n).update).toBe(true);
  });

  it('that never change put a member out in the end, and nobody else [R16.6-01]', async () => {
    const members = await trio();
    const [alice, bob, carol] = members;
    let seen = observeKeys(new Map(), alice.group.members(), start);
    await commitBy(bob, members);
    const later = start + policy.removeAfter;
    seen = observeKeys(seen, alice.group.members(), later - 10n);
    const { remove } = adviseOnKeys(seen, of(alice), policy, later);
    expect(remove).toEqual([carol.group.state.ownLeafIndex]);
    const left = await commitBy(alice, members, { proposals: [removeOf(carol)] });
    seen = observeKeys(seen, alice.group.members(), later);
    expect(left).toHaveLength(2);
    expect(adviseOnKeys(seen, of(alice), policy, later).remove).toEqual([]);
    expect(seen.size).toBe(2);
  });
});
