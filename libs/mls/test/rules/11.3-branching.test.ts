import { describe, expect, it } from '@jest/globals';

import { getCipherSuite } from '@canopy/crypto';

import { planBranch } from '../../src/group/create-subgroup.ts';
import {
  bytes,
  commitBy,
  expectAgreement,
  expectConversation,
  groupOf,
  lifetime,
  party,
  refusal,
  removeOf,
  restarted,
  snapshot,
  suite1,
  trio,
  type Joiner,
  type Peer,
} from '../parties.ts';
import { again, branch, enterFrom, foundRogue, reinit, subgroupPsk, welcomeInfo } from '../subgroups.ts';

const groupId = bytes('a smaller round');

function request(founder: Peer, others: readonly Joiner[]) {
  const keyPackages = others.map(({ keyPackage }) => keyPackage.keyPackage);
  const { identity } = party(founder.party.name);
  return {
    groupId,
    extensions: [],
    identity,
    lifetime,
    grease: true,
    keyPackages,
    forcePath: true,
    welcomeInfo,
  };
}

const refused = (requirement: string, code = 'INVALID_WELCOME'): unknown =>
  expect.objectContaining({ name: 'MlsError', code, requirement });

describe('a branch', () => {
  it.each([true, false])(
    'has some of the members, its own secrets, and leaves the old group as it is, with a path: %s [R11.3-02]',
    async (forcePath) => {
      const [alice, bob, carol] = await trio();
      const before = snapshot(alice);
      const newBob = again(bob.party);
      const founding = { ...request(alice, [newBob]), forcePath };
      const { group, welcome } = await alice.group.branch(founding);
      expect(snapshot(alice)).toBe(before);
      const members = [{ party: alice.party, group }, await enterFrom(bob.group, newBob, welcome)];
      expect(group.state.groupContext).toMatchObject({ epoch: 1n, cipherSuite: 1, version: 1, groupId });
      expectAgreement(members);
      await expectConversation(members);
      await expectConversation([alice, bob, carol]);
      expectAgreement(await commitBy(members[1] ?? bob, members));
      expectAgreement(await commitBy(carol, [alice, bob, carol]));
    },
  );

  it('is joined later, from a stored state, while the epoch it comes from is retained [R11.3-02, R11.3-05]', async () => {
    const members = await trio();
    const [alice, bob, carol] = members;
    const newBob = again(bob.party);
    const { welcome } = await alice.group.branch(request(alice, [newBob]));
    await commitBy(carol, members);
    expect((await enterFrom(restarted(bob).group, newBob, welcome)).group.epoch).toBe(1n);
    for (let count = 0; count < 6; count += 1) await commitBy(alice, members);
    await expect(enterFrom(bob.group, newBob, welcome)).rejects.toThrow(refusal('PSK_NOT_AVAILABLE'));
  });

  it('ties in a PSK with a fresh nonce of the size of the suite each time [R11.3-01] [R8.4-02]', async () => {
    const [alice] = await groupOf(['alice']);
    if (alice === undefined) throw new Error('one expected');
    const { state } = alice.group;
    const [first, second] = [1, 2].map(() => planBranch(state, request(alice, [])).psk.pskNonce);
    expect(first).toHaveLength(suite1.kdf.size);
    expect(first).not.toEqual(second);
  });

  it('needs an id of its own and a group that goes on [R12.4.3-05]', async () => {
    const [alice, bob] = await trio();
    const before = snapshot(alice);
    await expect(
      alice.group.branch({ ...request(alice, [again(bob.party)]), groupId: alice.group.groupId }),
    ).rejects.toThrow(refused('R12.4.3-05', 'MISUSE'));
    expect(snapshot(alice)).toBe(before);
  });

  it('is not founded with an outsider [R11.3-05]', async () => {
    const [alice, bob] = await trio();
    const before = snapshot(alice);
    const others = [again(bob.party), again(party('mallory'))];
    await expect(alice.group.branch(request(alice, others))).rejects.toThrow(refused('R11.3-05'));
    expect(snapshot(alice)).toBe(before);
    expect((await alice.group.branch(request(alice, others.slice(0, 1)))).group.epoch).toBe(1n);
  });
});

describe('the Welcome of a branch is refused', () => {
  it('with an outsider, or one member twice [R11.3-05]', async () => {
    const [alice, bob] = await trio();
    for (const other of [party('mallory'), bob.party]) {
      const newBob = again(bob.party);
      const keyPackages = [newBob.keyPackage, again(other).keyPackage];
      const rogue = await foundRogue(alice, party('alice'), keyPackages, {
        groupId,
        psks: [subgroupPsk(alice, branch)],
      });
      await expect(enterFrom(bob.group, newBob, rogue)).rejects.toThrow(refused('R11.3-05'));
    }
    await expectGoodOne(alice, bob);
  });

  it('with somebody who was removed from the old group before [R11.3-05]', async () => {
    const members = await trio();
    const [alice, bob, carol] = members;
    await commitBy(alice, members, { proposals: [removeOf(carol)] });
    const newBob = again(bob.party);
    const keyPackages = [newBob.keyPackage, again(carol.party).keyPackage];
    const rogue = await foundRogue(alice, party('alice'), keyPackages, {
      groupId,
      psks: [subgroupPsk(alice, branch)],
    });
    await expect(enterFrom(bob.group, newBob, rogue)).rejects.toThrow(refused('R11.3-05'));
    await expectGoodOne(alice, bob);
  });

  it('of another suite [R11.3-03]', async () => {
    const [alice, bob] = await trio();
    const suite = getCipherSuite(3);
    const newBob = again(bob.party, { suite });
    const rogue = await foundRogue(alice, party('alice', { suite }), [newBob.keyPackage], {
      groupId,
      psks: [subgroupPsk(alice, branch, suite)],
    });
    await expect(enterFrom(bob.group, newBob, rogue)).rejects.toThrow(refused('R11.3-03'));
    await expectGoodOne(alice, bob);
  });

  it('in epoch 2 [R11.3-04] [R12.4.3.1-20]', async () => {
    const [alice, bob] = await trio();
    const newBob = again(bob.party);
    const psks = [subgroupPsk(alice, branch)];
    const rogue = await foundRogue(alice, party('alice'), [newBob.keyPackage], {
      groupId,
      psks,
      epochsBefore: 1,
    });
    await expect(enterFrom(bob.group, newBob, rogue)).rejects.toThrow(refused('R12.4.3.1-20'));
    await expectGoodOne(alice, bob);
  });

  it('when it claims a reinitialization of a group that goes on [R11.2-06]', async () => {
    const [alice, bob] = await trio();
    const newBob = again(bob.party);
    const psks = [subgroupPsk(alice, reinit)];
    const rogue = await foundRogue(alice, party('alice'), [newBob.keyPackage], { groupId, psks });
    await expect(enterFrom(bob.group, newBob, rogue)).rejects.toThrow(refused('R11.2-06'));
    await expectGoodOne(alice, bob);
  });
});

/** The true founder's Welcome still lets somebody in. */
async function expectGoodOne(alice: Peer, bob: Peer): Promise<void> {
  const before = snapshot(bob);
  const newBob = again(bob.party);
  const { group, welcome } = await alice.group.branch(request(alice, [newBob]));
  expectAgreement([{ party: alice.party, group }, await enterFrom(bob.group, newBob, welcome)]);
  expect(snapshot(bob)).toBe(before);
}
