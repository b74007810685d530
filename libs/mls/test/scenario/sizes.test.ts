import { describe, expect, it } from '@jest/globals';

import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { PSKType, ResumptionPSKUsage } from '../../src/schedule/psk.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { comeIn } from '../outsider.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  found,
  hear,
  join,
  joiner,
  lifetime,
  party,
  restarted,
  say,
  suite1,
  type Joiner,
  type PartySettings,
  type Peer,
} from '../parties.ts';
import { again, enterFrom, welcomeInfo } from '../subgroups.ts';

/*
 * Every operation once in a group of each size. In the large ones only some members are played; the others have published
 * a KeyPackage and are silent, as members of a large group mostly are.
 */

const psk = bytes('agreed elsewhere');
const psks = { findExternalPsk: () => Uint8Array.from(psk), findResumptionPsk: () => undefined };
const settings: PartySettings = { options: { policy: { ...defaultPolicy, pastEpochs: 2 }, psks } };
const inPublic = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
const inPrivate = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };

/** Makes a group; the played members sit at its ends and in its middle. */
async function groupOfSize(size: number): Promise<Peer[]> {
  const founder = await found(party('founder', settings));
  if (size === 1) return [founder];
  const others = Array.from({ length: size - 1 }, (_, index) => joiner(party(`member ${index}`, settings)));
  const played = [...new Set([0, Math.floor(size / 2) - 1, size - 2])].filter((index) => index >= 0);
  const { welcome, staged } = await founder.group.commit({ proposals: others.map(addOf), forcePath: true });
  founder.group.keep(staged);
  if (welcome === undefined) throw new Error('a Welcome expected');
  const members = [founder];
  for (const index of played) {
    const other = others[index];
    if (other !== undefined) members.push(await join(other, { wireFormat: WireFormat.welcome, welcome }));
  }
  return members;
}

const pskProposal = (id: 'external' | bigint, { group }: Peer): Proposal => {
  const pskNonce = suite1.random(suite1.kdf.size);
  return {
    proposalType: ProposalType.psk,
    psk:
      id === 'external'
        ? { pskType: PSKType.external, pskId: bytes('id'), pskNonce }
        : {
            pskType: PSKType.resumption,
            usage: ResumptionPSKUsage.application,
            pskGroupId: group.groupId,
            pskEpoch: id,
            pskNonce,
          },
  };
};

/** The leaves of members that nobody plays. */
function silent(peers: readonly Peer[]): readonly number[] {
  const played = new Set(peers.map(({ group }) => Number(group.state.ownLeafIndex)));
  const [first] = peers;
  return Array.from(first?.group.members() ?? [], ({ leafIndex }) => Number(leafIndex)).filter(
    (leaf) => !played.has(leaf),
  );
}

const last = <T>(list: readonly T[]): T => {
  const one = list.at(-1);
  if (one === undefined) throw new Error('one expected');
  return one;
};

describe.each([1, 2, 3, 64, 1000])('a group of %i', (size) => {
  it('can do everything that a group can', async () => {
    let members = await groupOfSize(size);
    const [founder] = members;
    if (founder === undefined) throw new Error('a founder expected');
    expect([...founder.group.members()]).toHaveLength(size);
    expectAgreement(members);

    // Pre-shared keys of each kind.
    members = await commitBy(last(members), members);
    const { epoch } = founder.group;
    const ids = ['external', epoch, epoch - 1n] as const;
    members = await commitBy(founder, members, { proposals: ids.map((id) => pskProposal(id, founder)) });
    expectAgreement(members);

    // Adds of several at once, then an update that somebody else commits.
    const newcomers: readonly Joiner[] = ['dave', 'erin', 'frank'].map((name) =>
      joiner(party(name, settings)),
    );
    members = await commitBy(last(members), members, { wireFormat: WireFormat.publicMessage }, newcomers);
    const updater = last(members);
    const update = await updater.group.proposeUpdate(inPrivate);
    await announce(update, ...members.filter((peer) => peer !== updater));
    members = await commitBy(founder, members);
    expectAgreement(members);

    // Holes, and a truncation where the last leaves go.
    const leaving = silent(members);
    const removed = leaving.filter((leaf, index) => index % 3 === 0 || leaf > size / 2).slice(0, 600);
    const removes = removed.map((leaf): Proposal => ({
      proposalType: ProposalType.remove,
      removed: toLeafIndex(leaf),
    }));
    members = await commitBy(last(members), members, { proposals: removes });
    expectAgreement(members);

    // New extensions, then a new member in a hole, a rotated signature key, a restart.
    const none: Proposal = { proposalType: ProposalType.groupContextExtensions, extensions: [] };
    members = await commitBy(founder, members, { proposals: [none], ...inPublic });
    members = await commitBy(founder, members, {}, [joiner(party('grace', settings))]);
    const renewed = party('founder', settings).identity;
    members = await commitBy(founder, members, { identity: renewed });
    members = members.map(restarted);
    expectAgreement(members);

    // Entering from outside, and again in place of oneself.
    const heidi = await comeIn(party('heidi', settings), members);
    members = [...members, heidi];
    const resync = heidi.group.state.ownLeafIndex;
    const others = members.filter((peer) => peer !== heidi);
    members = [...others, await comeIn(party('heidi', settings), others, { resync })];
    expectAgreement(members);

    // Late messages, a conversation, a branch.
    const [speaker] = members;
    if (speaker === undefined) throw new Error('a speaker expected');
    const late = say(speaker, 'late');
    const { message, staged } = await last(members).group.commit();
    last(members).group.keep(staged);
    for (const peer of members.slice(0, -1)) await follow(peer, message);
    for (const peer of members.slice(1)) expect(await hear(peer, late)).toBe('late');
    await expectConversation(members);
    await expectBranch(members);
    expectAgreement(members);
    expect(new Set(members.map(({ group }) => Buffer.from(exported(group)).toString('hex'))).size).toBe(1);
  }, 180_000);
});

const exported = (group: Peer['group']): Uint8Array =>
  group.exportSecret({ label: 'sizes', context: empty, length: 32 });

async function expectBranch(members: readonly Peer[]): Promise<void> {
  const [founder, ...others] = members.slice(0, 3);
  if (founder === undefined) throw new Error('a founder expected');
  const joiners = others.map(({ party: who }) => again(who, settings));
  const { group, welcome } = await founder.group.branch({
    groupId: bytes('branch'),
    extensions: [],
    identity: party(founder.party.name, settings).identity,
    keyPackages: joiners.map(({ keyPackage }) => keyPackage.keyPackage),
    forcePath: true,
    lifetime,
    grease: true,
    welcomeInfo,
  });
  const inside = [{ party: founder.party, group }];
  for (const [index, other] of others.entries()) {
    const newcomer = joiners[index];
    if (newcomer !== undefined) inside.push(await enterFrom(other.group, newcomer, welcome));
  }
  await expectConversation(inside);
}
