import { describe, expect, it } from '@jest/globals';

import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType } from '../../src/registries.ts';
import type { PskStore } from '../../src/schedule/psk.ts';
import { openByHand } from '../forge-private.ts';
import { comeIn, enter } from '../outsider.ts';
import {
  bytes,
  commitBy,
  expectAgreement,
  expectConversation,
  follow,
  groupOf,
  hear,
  joiner,
  party,
  receive,
  refusal,
  removeOf,
  restarted,
  say,
  suite1,
  type PartySettings,
  type Peer,
} from '../parties.ts';
import { Attacker, inTheOpen, shutOut } from './attacker.ts';

/*
 * Who is in a group reads what is said in it while it is in, and nothing before or afterwards, whatever it has kept.
 */

async function membersOf(size: number, settings: PartySettings = {}): Promise<[Peer, Peer, ...Peer[]]> {
  const names = Array.from({ length: size }, (_, at) => `member ${at}`);
  const [first, second, ...others] = await groupOf(names, settings);
  if (first === undefined || second === undefined) throw new Error('two expected');
  await expectConversation([first, second]);
  return [first, second, ...others];
}

/** Lets the others go on after a removal: in each epoch the removed member tries everything on all that it sees. */
async function expectGone(attacker: Attacker, committer: Peer, all: readonly Peer[]): Promise<void> {
  for (const forcePath of [true, false]) {
    const before = restarted(committer).group.state;
    const proposals: Proposal[] = forcePath ? [] : [addGuest(committer)];
    const { message, staged } = await committer.group.commit({ ...inTheOpen, forcePath, proposals });
    for (const peer of all) if (peer !== committer) await follow(peer, message);
    committer.group.keep(staged);
    await attacker.overhear(message);
    expect(attacker.attack({ message, before, after: committer.group.state })).toEqual(shutOut);
    const [listener] = all.filter((peer) => peer !== committer);
    if (listener === undefined) return;
    const said = say(committer, 'without you');
    expect(attacker.isInEpochOf(committer)).toBe(false);
    expect(attacker.readByForce(said, listener)).toBeUndefined();
    expect(await attacker.overhear(said)).toEqual([]);
    expect(await hear(listener, said)).toBe('without you');
  }
}

const addGuest = (committer: Peer): Proposal => ({
  proposalType: ProposalType.add,
  keyPackage: joiner(party(`guest of ${committer.party.name}`)).keyPackage.keyPackage,
});

describe('a removed member with all that it ever had', () => {
  it.each([2, 3, 17])('reads nothing that is sent after its removal from %i', async (size) => {
    const all = await membersOf(size);
    const [other, victim] = all;
    const attacker = Attacker.of(victim);
    const before = say(other, 'while you were here');
    expect(attacker.readByForce(before, victim)).toBe('while you were here');
    expect(await attacker.overhear(before)).toEqual(['while you were here']);

    const old = restarted(other).group.state;
    const { message, staged } = await other.group.commit({ ...inTheOpen, proposals: [removeOf(victim)] });
    const rest = all.filter((peer) => peer !== victim);
    for (const peer of rest) if (peer !== other) await follow(peer, message);
    other.group.keep(staged);
    await attacker.overhear(message);
    expect(attacker.attack({ message, before: old, after: other.group.state })).toEqual(shutOut);
    expect(attacker.isInEpochOf(other)).toBe(false);
    await expectGone(attacker, other, rest);
    expectAgreement(rest);
  });

  it('reads nothing together with another removed member, removed at once or one after the other', async () => {
    for (const atOnce of [true, false]) {
      const all = await membersOf(5);
      const [other, first, second] = all;
      if (second === undefined) throw new Error('five expected');
      const attacker = Attacker.of(first, second);
      const removals = atOnce ? [[first, second]] : [[first], [second]];
      let rest: Peer[] = all;
      for (const gone of removals) {
        const { message, staged } = await other.group.commit({ ...inTheOpen, proposals: gone.map(removeOf) });
        rest = rest.filter((peer) => !gone.includes(peer));
        for (const peer of rest) if (peer !== other) await follow(peer, message);
        other.group.keep(staged);
        await attacker.overhear(message);
        // The one that is still there reads on.
        expect(attacker.isInEpochOf(other)).toBe(rest.includes(second));
      }
      await expectGone(attacker, other, rest);
    }
  });

  it('does not get in through somebody outside who has no PSK either [R12.4.3.2-09]', async () => {
    const knows: PskStore = { findExternalPsk: (id) => id.toReversed(), findResumptionPsk: () => undefined };
    const policy = { ...defaultPolicy, pskInExternalCommits: 'required' as const };
    const all = await membersOf(3, { options: { psks: knows, policy } });
    const [other, victim, third] = all;
    if (third === undefined) throw new Error('three expected');
    const attacker = Attacker.of(victim);
    const pskId = { pskType: 1, pskId: bytes('shared'), pskNonce: suite1.random(32) } as const;
    const proposals: Proposal[] = [removeOf(victim), { proposalType: ProposalType.psk, psk: pskId }];
    await commitBy(other, all, { ...inTheOpen, proposals });
    // The removed member tells the GroupInfo and its old secrets to a friend; both are strangers now.
    const friend = party('friend');
    const { message } = await enter(friend, other);
    await expect(receive(restarted(other), message)).rejects.toMatchObject({
      code: 'SENDER_NOT_ALLOWED',
      requirement: 'R12.4.3.2-09',
    });
    const psk = { ...pskId, pskNonce: suite1.random(32) };
    await expect(enter(friend, other, { psks: [psk] })).rejects.toEqual(refusal('PSK_NOT_AVAILABLE'));
    const guesses: PskStore = { ...knows, findExternalPsk: (id) => id };
    const guesser = party('friend', { options: { psks: guesses } });
    const guessed = await enter(guesser, other, { psks: [psk] });
    await expect(receive(restarted(other), guessed.message)).rejects.toEqual(
      refusal('INVALID_CONFIRMATION_TAG'),
    );
    await expectGone(attacker, other, [other, third]);
    // With the right key the same door opens.
    const informed = party('friend', { options: { psks: knows } });
    const { message: welcomeBack } = await enter(informed, other, { psks: [psk] });
    expect((await receive(restarted(other), welcomeBack)).kind).toBe('commit');
  });
});

describe('a new member with its whole state', () => {
  it.each([
    ['a Welcome', 2],
    ['a Welcome', 9],
    ['an external Commit', 2],
    ['an external Commit', 9],
  ])('that came by %s reads nothing from before, in a group of %i', async (how, size) => {
    const all = await membersOf(size);
    const [first, second] = all;
    const recorded = [say(first, 'before you 0'), say(first, 'before you 1')].map((message) => ({
      message,
      opened: openByHand(second, message),
      leafCount: second.group.state.tree.leafCount,
    }));
    const insider = Attacker.of(second);
    const stranger = party('dave');
    const before = restarted(first).group.state;
    const added = joiner(stranger);
    const newcomer =
      how === 'a Welcome'
        ? (await commitBy(first, all, { forcePath: true }, [added])).at(-1)
        : await comeIn(stranger, all);
    if (newcomer === undefined) throw new Error('a newcomer expected');
    const attacker = Attacker.of(newcomer);
    attacker.takeIn(added.keyPackage.initPrivateKey, added.keyPackage.encryptionPrivateKey);
    expect(attacker.isInEpochOf(first)).toBe(true);
    for (const { message, opened, leafCount } of recorded) {
      expect(insider.openByForce(message, opened, leafCount)).toMatch(/^before you/);
      expect(attacker.openByForce(message, opened, leafCount)).toBeUndefined();
      expect(await attacker.overhear(message)).toEqual([]);
      expect(await hear(second, message)).toMatch(/^before you/);
    }
    const authenticator = before.secrets.epochAuthenticator;
    expect(attacker.secrets).not.toContainEqual(authenticator);
    const now = say(first, 'with you');
    expect(await attacker.overhear(now)).toEqual(['with you']);
  });
});
