import { describe, expect, it } from '@jest/globals';

import { getCipherSuite } from '@canopy/crypto';

import type { PresentedCredential } from '../../src/credentials/identity.ts';
import { ProposalType } from '../../src/registries.ts';
import {
  bytes,
  commitBy,
  expectAgreement,
  expectConversation,
  groupOf,
  lifetime,
  nameIn,
  party,
  refusal,
  refusing,
  removeOf,
  restarted,
  say,
  snapshot,
  suite1,
  trio,
  type Joiner,
  type Party,
  type Peer,
} from '../parties.ts';
import { again, branch, end, enterFrom, foundRogue, reinit, subgroupPsk, welcomeInfo } from '../subgroups.ts';

const suite3 = getCipherSuite(3);
const next = { groupId: bytes('the group after'), cipherSuite: 3 };
const settings = { suite: suite3 };

async function ended(): Promise<readonly [Peer, Peer, Peer]> {
  const members = await trio();
  await end(members[0], members, next);
  return members;
}

function request(founder: Party, others: readonly Joiner[]) {
  const keyPackages = others.map(({ keyPackage }) => keyPackage.keyPackage);
  const { suite, identity } = founder;
  return { suite, identity, lifetime, grease: true, keyPackages, forcePath: true, welcomeInfo };
}

const refused = (requirement: string, code = 'INVALID_WELCOME'): unknown =>
  expect.objectContaining({ name: 'MlsError', code, requirement });

describe('a group after a ReInit', () => {
  it.each([true, false])(
    'is founded by another member than the one who ended the old one, with a path: %s [R11.2-01] [R12.4.1-13]',
    async (forcePath) => {
      const [alice, bob, carol] = await ended();
      const [newAlice, newCarol] = [again(alice.party, settings), again(carol.party, settings)];
      const founder = party('bob', settings);
      const { group, welcome } = await bob.group.reinitialize({
        ...request(founder, [newAlice, newCarol]),
        forcePath,
      });
      const members = [
        { party: founder, group },
        await enterFrom(alice.group, newAlice, welcome),
        await enterFrom(carol.group, newCarol, welcome),
      ];
      expectAgreement(members);
      expect(group.state.groupContext).toMatchObject({
        epoch: 1n,
        cipherSuite: 3,
        groupId: next.groupId,
        version: 1,
      });
      await expectConversation(members);
      expectAgreement(await commitBy(members[1] ?? bob, members));
    },
  );

  it('can keep the group id and goes on from a stored state [R11.2-01]', async () => {
    const [alice, bob] = await groupOf(['alice', 'bob']);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    await end(alice, [alice, bob], { groupId: alice.group.groupId, cipherSuite: 1 });
    const founder = party('alice');
    const newBob = again(bob.party);
    const { group, welcome } = await restarted(alice).group.reinitialize({
      ...request(founder, [newBob]),
      suite: suite1,
    });
    const members = [{ party: founder, group }, await enterFrom(restarted(bob).group, newBob, welcome)];
    expectAgreement(members);
    expect(group.groupId).toEqual(alice.group.groupId);
  });

  it('can have one member only [R11.2-01]', async () => {
    const [alone] = await groupOf(['alice']);
    if (alone === undefined) throw new Error('one expected');
    await end(alone, [alone], next);
    const { group, welcome } = await alone.group.reinitialize(request(party('alice', settings), []));
    expect(welcome).toBeUndefined();
    expect(group.epoch).toBe(1n);
  });

  it('leaves the old one silent: no message, proposal, commit or branch [R11.2-05] [R12.4.2-15]', async () => {
    const [alice, bob] = await ended();
    const before = snapshot(alice);
    const framing = { wireFormat: 2 as const, authenticatedData: bytes('') };
    expect(() => say(alice, 'still there?')).toThrow(refusal('GROUP_ENDED'));
    await expect(alice.group.propose(removeOf(bob), framing)).rejects.toThrow(refusal('GROUP_ENDED'));
    await expect(alice.group.proposeUpdate(framing)).rejects.toThrow(refusal('GROUP_ENDED'));
    await expect(alice.group.commit()).rejects.toThrow(refusal('GROUP_ENDED'));
    const branching = {
      ...request(alice.party, []),
      groupId: bytes('branch'),
      extensions: [],
    };
    await expect(alice.group.branch(branching)).rejects.toThrow(refusal('GROUP_ENDED'));
    expect(snapshot(alice)).toBe(before);
  });

  it('is not founded before the ReInit, with another suite, or without everybody [R11.2-01, R11.2-02, R11.2-06]', async () => {
    const members = await trio();
    const [alice, bob, carol] = members;
    const founder = party('alice', settings);
    const others = [again(bob.party, settings), again(carol.party, settings)];
    await expect(alice.group.reinitialize(request(founder, others))).rejects.toThrow(
      refused('R11.2-01', 'MISUSE'),
    );
    await end(bob, members, next);
    const before = snapshot(alice);
    await expect(alice.group.reinitialize(request(party('alice'), []))).rejects.toThrow(
      refused('R11.2-02', 'WRONG_CIPHER_SUITE'),
    );
    await expect(alice.group.reinitialize(request(founder, others.slice(1)))).rejects.toThrow(
      refused('R11.2-06'),
    );
    expect(snapshot(alice)).toBe(before);
    expect((await alice.group.reinitialize(request(founder, others))).group.epoch).toBe(1n);
  });

  it('is not proposed by a client that could not join it [R12.1.5-03]', async () => {
    const [alice, bob, carol] = await trio();
    const before = snapshot(alice);
    const framing = { wireFormat: 1 as const, authenticatedData: bytes('') };
    for (const change of [{ cipherSuite: 0xf000 }, { version: 2 }]) {
      const proposal = { proposalType: ProposalType.reinit, version: 1, extensions: [], ...next, ...change };
      await expect(alice.group.propose(proposal, framing)).rejects.toThrow(
        refused('R12.1.5-03', 'WRONG_CIPHER_SUITE'),
      );
      await expect(alice.group.commit({ proposals: [proposal] })).rejects.toThrow(
        refused('R12.1.5-03', 'WRONG_CIPHER_SUITE'),
      );
    }
    expect(snapshot(alice)).toBe(before);
    await commitBy(alice, [alice, bob, carol]);
  });
});

describe('a Welcome after a ReInit is refused', () => {
  const extension = { extensionType: 3, extensionData: new Uint8Array([0, 0, 0]) };

  it.each([
    ['for another group id [R11.2-02]', { groupId: bytes('elsewhere') }, 'R11.2-02'],
    ['with other extensions [R11.2-02]', { extensions: [extension] }, 'R11.2-02'],
    ['with another suite [R11.2-02]', { suite: suite1 }, 'R11.2-02'],
    ['in epoch 2 [R12.4.3.1-20] [R11.2-02]', { epochsBefore: 1 }, 'R12.4.3.1-20'],
  ])('%s', async (_what, change, requirement) => {
    const [alice, bob, carol] = await ended();
    const suite = 'suite' in change ? change.suite : suite3;
    const joiners = [again(bob.party, { suite }), again(carol.party, { suite })] as const;
    const founder = party('alice', { suite });
    const psks = [subgroupPsk(alice, reinit, suite)];
    const keyPackages = joiners.map(({ keyPackage }) => keyPackage);
    const rogue = await foundRogue(alice, founder, keyPackages, { ...next, psks, ...change });
    await expect(enterFrom(bob.group, joiners[0], rogue)).rejects.toThrow(refused(requirement));
    await expectGoodOne(alice, bob, carol);
  });

  it('with a PSK of another epoch, group or use [R11.2-03] [R12.4.3.1-20]', async () => {
    const [alice, bob, carol] = await ended();
    const joiners = [again(bob.party, settings), again(carol.party, settings)] as const;
    const keyPackages = joiners.map(({ keyPackage }) => keyPackage);
    const good = subgroupPsk(alice, reinit, suite3);
    const cases = [
      [{ ...good, pskEpoch: good.pskEpoch - 1n }, 'R11.2-03'],
      [{ ...good, usage: branch }, 'R11.3-03'],
    ] as const;
    for (const [psk, requirement] of cases) {
      const rogue = await foundRogue(alice, party('alice', settings), keyPackages, { ...next, psks: [psk] });
      await expect(enterFrom(bob.group, joiners[0], rogue)).rejects.toThrow(refused(requirement));
    }
    const [stranger] = await groupOf(['alice']);
    if (stranger === undefined) throw new Error('one expected');
    const foreign = subgroupPsk(stranger, reinit, suite3);
    const rogue = await foundRogue(stranger, party('alice', settings), keyPackages, {
      ...next,
      psks: [foreign],
    });
    await expect(enterFrom(bob.group, joiners[0], rogue)).rejects.toThrow(refusal('PSK_NOT_AVAILABLE'));
    await expectGoodOne(alice, bob, carol);
  });

  it('when it names two PSKs that tie groups together [R12.4.3.1-06]', async () => {
    const [alice, bob, carol] = await ended();
    const joiners = [again(bob.party, settings), again(carol.party, settings)] as const;
    const keyPackages = joiners.map(({ keyPackage }) => keyPackage);
    for (const usage of [reinit, branch]) {
      const psks = [subgroupPsk(alice, reinit, suite3), subgroupPsk(alice, usage, suite3)];
      const rogue = await foundRogue(alice, party('alice', settings), keyPackages, { ...next, psks });
      await expect(enterFrom(bob.group, joiners[0], rogue)).rejects.toThrow(refused('R12.4.3.1-06'));
    }
    await expectGoodOne(alice, bob, carol);
  });

  it('when a member of the old group is missing [R11.2-06]', async () => {
    const [alice, bob, carol] = await ended();
    const newBob = again(bob.party, settings);
    const psks = [subgroupPsk(alice, reinit, suite3)];
    const rogue = await foundRogue(alice, party('alice', settings), [newBob.keyPackage], { ...next, psks });
    await expect(enterFrom(bob.group, newBob, rogue)).rejects.toThrow(refused('R11.2-06'));
    await expectGoodOne(alice, bob, carol);
  });

  it('when there was no ReInit, or the old group is not given, or it is an ordinary one [R11.2-06] [R11.2-03]', async () => {
    const members = await trio();
    const [alice, bob, carol] = members;
    const newBob = again(bob.party, settings);
    const newCarol = again(carol.party, settings);
    const keyPackages = [newBob.keyPackage, newCarol.keyPackage];
    const founder = party('alice', settings);
    const psks = [subgroupPsk(alice, reinit, suite3)];
    const early = await foundRogue(alice, founder, keyPackages, { ...next, psks });
    await expect(enterFrom(bob.group, newBob, early)).rejects.toThrow(refused('R11.2-06'));
    await end(alice, members, next);
    const good = await alice.group.reinitialize(request(founder, [newBob, newCarol]));
    await expect(enterFrom(undefined, newBob, good.welcome)).rejects.toThrow(refused('R12.4.3.1-20'));
    const ordinary = await foundRogue(alice, founder, keyPackages, { ...next, psks: [] });
    await expect(enterFrom(bob.group, newBob, ordinary)).rejects.toThrow(refused('R12.4.3.1-20'));
    expect((await enterFrom(bob.group, newBob, good.welcome)).group.epoch).toBe(1n);
  });

  it('when its PSK has a nonce of another size, such as that of the old suite [R8.4-02]', async () => {
    const [alice, bob] = await groupOf(['alice', 'bob']);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const suite7 = getCipherSuite(7);
    await end(alice, [alice, bob], { ...next, cipherSuite: 7 });
    const newBob = again(bob.party, { suite: suite7 });
    const psks = [{ ...subgroupPsk(alice, reinit, suite7), pskNonce: suite7.random(suite1.kdf.size) }];
    const rogue = await foundRogue(alice, party('alice', { suite: suite7 }), [newBob.keyPackage], {
      ...next,
      psks,
    });
    await expect(enterFrom(bob.group, newBob, rogue)).rejects.toThrow(refused('R8.4-02', 'INVALID_PSK'));
  });
});

const firstWord = (presented: PresentedCredential): string => nameIn(presented).replace(/ .*/, '');

describe('who is the same in two groups', () => {
  it('is decided by the application [R11.2-06]', async () => {
    const identities = {
      ...refusing(),
      identifierOf: (presented: PresentedCredential) => firstWord(presented),
    };
    const options = { options: { identities } };
    const [alice, bob] = await groupOf(['alice 1', 'bob 1'], options);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    await end(alice, [alice, bob], next);
    const newBob = again({ ...bob.party, name: 'bob 2' }, { ...settings, ...options });
    const founder = party('alice 2', { ...settings, ...options });
    const { welcome } = await alice.group.reinitialize(request(founder, [newBob]));
    expect((await enterFrom(bob.group, newBob, welcome)).group.epoch).toBe(1n);
  });
});

/** The true founder's Welcome still lets everybody in. */
async function expectGoodOne(alice: Peer, bob: Peer, carol: Peer): Promise<void> {
  const others = [again(bob.party, settings), again(carol.party, settings)] as const;
  const { welcome } = await alice.group.reinitialize(request(party('alice', settings), others));
  const members = [
    await enterFrom(bob.group, others[0], welcome),
    await enterFrom(carol.group, others[1], welcome),
  ];
  expectAgreement(members);
}
