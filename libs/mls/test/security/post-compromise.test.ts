import { describe, expect, it } from '@jest/globals';

import type { GroupState } from '../../src/group/state.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import type { PskStore } from '../../src/schedule/psk.ts';
import { commitIn, forge } from '../forge.ts';
import {
  addOf,
  announce,
  bytes,
  empty,
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
import { Attacker, inTheOpen, shutOut, type Commitment } from './attacker.ts';

/*
 * Post-compromise security: an attacker takes the whole state of members and follows the group with it, until those
 * members have new keys. Each game first shows that the attacker can do what it cannot do afterwards.
 */

const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
const forgetful: PartySettings = { options: { policy: { ...defaultPolicy, pastEpochs: 0 } } };

/** Makes members who have all spoken. */
async function membersOf(size: number, settings: PartySettings = {}): Promise<[Peer, Peer, ...Peer[]]> {
  const names = Array.from({ length: size }, (_, at) => `member ${at}`);
  const [first, second, ...others] = await groupOf(names, settings);
  if (first === undefined || second === undefined) throw new Error('two expected');
  await expectConversation([first, second]);
  return [first, second, ...others];
}

/** Lets a member commit and the others follow, with the attacker listening. */
async function commitHeardBy(
  attacker: Attacker,
  committer: Peer,
  all: readonly Peer[],
  request: Parameters<Peer['group']['commit']>[0] = {},
): Promise<Commitment> {
  const before = epochOf(committer);
  const { message, staged } = await committer.group.commit({ ...inTheOpen, ...request });
  for (const peer of all) if (peer !== committer) await follow(peer, message);
  committer.group.keep(staged);
  await attacker.overhear(message);
  return { message, before, after: committer.group.state };
}

/** A copy of an epoch's state that outlives the epoch. */
const epochOf = (peer: Peer): GroupState => restarted(peer).group.state;

/** Gives new keys to a member, one way or the other. */
type Healing = (attacker: Attacker, victim: Peer, other: Peer, all: readonly Peer[]) => Promise<Commitment>;

const byUpdate: Healing = async (attacker, victim, other, all) => {
  const update = await victim.group.proposeUpdate(framing);
  for (const peer of all) if (peer !== victim) await receive(peer, update);
  await attacker.overhear(update);
  return commitHeardBy(attacker, other, all);
};
const byCommit: Healing = (attacker, victim, _other, all) => commitHeardBy(attacker, victim, all);

/** Requires that the attacker reads what any of them says, as a member would and by force. */
async function expectReads(attacker: Attacker, [speaker, listener]: readonly [Peer, Peer]): Promise<void> {
  expect(attacker.isInEpochOf(speaker)).toBe(true);
  const message = say(speaker, 'a secret');
  expect(attacker.readByForce(message, listener)).toBe('a secret');
  expect(await attacker.overhear(message)).toContain('a secret');
  await hear(listener, message);
}

/** Requires that the attacker reads nothing of what the first four of them say, in no way. */
async function expectReadsNothing(attacker: Attacker, all: readonly Peer[]): Promise<void> {
  const few = all.slice(0, 4);
  for (const [at, speaker] of few.entries()) {
    const listener = few[(at + 1) % few.length];
    if (listener === undefined) throw new Error('a listener expected');
    expect(attacker.isInEpochOf(speaker)).toBe(false);
    const message = say(speaker, 'a secret');
    expect(attacker.readByForce(message, listener)).toBeUndefined();
    expect(await attacker.overhear(message)).toEqual([]);
    expect(await hear(listener, message)).toBe('a secret');
  }
}

describe.each([2, 17])('in a group of %i', (size) => {
  it.each<[string, Healing]>([
    ['its Update, which another member commits', byUpdate],
    ['its own Commit', byCommit],
  ])('a member is healed by %s', async (_title, heal) => {
    const all = await membersOf(size);
    const [other, victim] = all;
    const attacker = Attacker.of(victim);

    // Before: it reads, and follows the commits of others into their epochs.
    await expectReads(attacker, [other, victim]);
    const followed = await commitHeardBy(attacker, other, all);
    await expectReads(attacker, [other, victim]);
    expect(attacker.attack(followed)).toEqual({ opensPath: true, enters: true });

    const healing = await heal(attacker, victim, other, all);
    // Afterwards: not into this epoch, nor into any later one.
    expect(attacker.attack(healing)).toEqual(shutOut);
    await expectReadsNothing(attacker, all);
    const later = await commitHeardBy(attacker, other, all);
    expect(attacker.attack(later)).toEqual(shutOut);
    await expectReadsNothing(attacker, all);
    const proposals = [addOf(joiner(party('guest')))];
    const withoutPath = await commitHeardBy(attacker, victim, all, { forcePath: false, proposals });
    expect(attacker.attack(withoutPath)).toEqual(shutOut);
    await expectReadsNothing(attacker, all);
    expectAgreement(all);
  });
});

describe.each([2, 5])('in a group of %i', (size) => {
  it('two members are healed one after the other: the second one closes the door', async () => {
    const all = await membersOf(size);
    const [first, second] = all;
    const witness = all[2] ?? first;
    const attacker = Attacker.of(first, second);
    await expectReads(attacker, [first, second]);
    const halfway = await byCommit(attacker, first, second, all);
    expect(attacker.attack(halfway).enters).toBe(true);
    await expectReads(attacker, [first, second]);
    const healed = await byCommit(attacker, second, first, all);
    expect(attacker.attack(healed)).toEqual(shutOut);
    await expectReadsNothing(attacker, all);
    expect(attacker.attack(await commitHeardBy(attacker, witness, all))).toEqual(shutOut);
    await expectReadsNothing(attacker, all);
    expectAgreement(all);
  });
});

describe('two members that are healed by their Updates', () => {
  it.each([
    ['in one commit', 1],
    ['one after the other', 2],
  ])('%s', async (_title, commits) => {
    const all = await membersOf(5);
    const [other, , second, third] = all;
    if (second === undefined || third === undefined) throw new Error('five expected');
    const attacker = Attacker.of(second, third);
    await expectReads(attacker, [other, second]);
    if (commits === 2) {
      const halfway = await byUpdate(attacker, second, other, all);
      expect(attacker.attack(halfway).enters).toBe(true);
      await expectReads(attacker, [other, second]);
    } else {
      const update = await second.group.proposeUpdate(framing);
      await announce(update, ...all.filter((peer) => peer !== second));
      await attacker.overhear(update);
    }
    const healed = await byUpdate(attacker, third, other, all);
    expect(attacker.attack(healed)).toEqual(shutOut);
    await expectReadsNothing(attacker, all);
    expectAgreement(all);
  });
});

describe('what does not heal', () => {
  it('is a commit of somebody else, with a path or without', async () => {
    const all = await membersOf(4);
    const [other, victim, third] = all;
    if (third === undefined) throw new Error('four expected');
    const attacker = Attacker.of(victim);
    for (const committer of [other, third]) {
      for (const forcePath of [true, false]) {
        const proposals = forcePath ? [] : [addOf(joiner(party(`guest of ${committer.party.name}`)))];
        const followed = await commitHeardBy(attacker, committer, all, { forcePath, proposals });
        expect(pathIs(followed)).toBe(forcePath);
        expect(attacker.attack(followed).enters).toBe(true);
        await expectReads(attacker, [other, victim]);
      }
    }
  });
});

/** Says whether a commit has a path. */
const pathIs = ({ message }: Commitment): boolean => commitIn(message).path !== undefined;

const pskProposal = (id: string): Proposal => ({
  proposalType: ProposalType.psk,
  psk: { pskType: 1, pskId: bytes(id), pskNonce: suite1.random(32) },
});

describe('a pre-shared key that the attacker does not know', () => {
  const knows: PskStore = {
    findExternalPsk: (id) => id.toReversed(),
    findResumptionPsk: () => undefined,
  };

  it('shuts it out without new keys in the tree, one that it knows does not', async () => {
    const all = await membersOf(3, { options: { psks: knows } });
    const [other, victim] = all;
    const informed = Attacker.of(victim);
    const ignorant = Attacker.of({ ...victim, party: party('member 1') });
    for (const attacker of [informed, ignorant]) await expectReads(attacker, [other, victim]);
    const before = epochOf(other);
    const request = { ...inTheOpen, forcePath: false, proposals: [pskProposal('shared')] };
    const { message, staged } = await other.group.commit(request);
    for (const peer of all) if (peer !== other) await follow(peer, message);
    other.group.keep(staged);
    await informed.overhear(message);
    await ignorant.overhear(message);
    expect(informed.isInEpochOf(other)).toBe(true);
    await expectReads(informed, [other, victim]);
    expect(ignorant.attack({ message, before, after: other.group.state })).toEqual(shutOut);
    await expectReadsNothing(ignorant, all);
  });
});

describe('an attacker that was shut out', () => {
  it('could speak for its victim before, and cannot afterwards', async () => {
    const all = await membersOf(3, forgetful);
    const [other, victim, third] = all;
    if (third === undefined) throw new Error('three expected');
    const attacker = Attacker.of(victim);
    const [clone] = attacker.clones;
    if (clone === undefined) throw new Error('a clone expected');
    expect(await hear(restarted(other), say(clone, 'trust me'))).toBe('trust me');
    expect((await receive(restarted(other), forge(clone, removalOf(third)))).kind).toBe('proposal');

    await byCommit(attacker, victim, other, all);
    await expect(receive(other, say(clone, 'trust me'))).rejects.toEqual(refusal('EPOCH_NOT_RETAINED'));
    await expect(receive(other, forge(clone, removalOf(third)))).rejects.toEqual(refusal('WRONG_EPOCH'));
    // With the header of the new epoch the tag and the keys are still those of the old one.
    const { epoch } = other.group;
    const inPublic = forge(clone, removalOf(third), { content: { epoch } });
    await expect(receive(other, inPublic)).rejects.toEqual(refusal('INVALID_MEMBERSHIP_TAG'));
    const inPrivate = forge(clone, removalOf(third), {
      content: { epoch },
      wireFormat: WireFormat.privateMessage,
    });
    await expect(receive(other, inPrivate)).rejects.toEqual(refusal('DECRYPTION_FAILED'));
    const { message } = await clone.group.commit(inTheOpen);
    await expect(receive(other, message)).rejects.toEqual(refusal('WRONG_EPOCH'));
    await expectConversation(all);
  });

  it("is left with a signature key that is nobody's when the victim changes that too", async () => {
    const all = await membersOf(3, forgetful);
    const [other, victim, third] = all;
    if (third === undefined) throw new Error('three expected');
    const attacker = Attacker.of(victim);
    const stolen = victim.group.state.signaturePrivateKey;
    const body = removalOf(third);
    // A member of the new epoch lends the attacker everything but the signature key of the victim.
    const sender = { senderType: 1, leafIndex: victim.group.state.ownLeafIndex } as const;
    const lent = (): ReturnType<typeof forge> =>
      forge(other, body, { content: { sender }, signaturePrivateKey: stolen });
    expect((await receive(restarted(third), lent())).kind).toBe('proposal');
    const { identity } = party('member 1');
    await commitHeardBy(attacker, victim, all, { identity });
    await expect(receive(third, lent())).rejects.toEqual(refusal('INVALID_SIGNATURE'));
    await expectReadsNothing(attacker, all);
  });
});

const removalOf = (peer: Peer): Parameters<typeof forge>[1] => ({
  contentType: 2,
  proposal: removeOf(peer),
});
