import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';

import { ContentType } from '../../src/framing/content.ts';
import { Group } from '../../src/group/group.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import {
  derivePskSecret,
  PreSharedKeyID,
  PSKType,
  ResumptionPSKUsage,
  type PskStore,
} from '../../src/schedule/psk.ts';
import { forge } from '../forge.ts';
import { enter } from '../outsider.ts';
import {
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  join,
  joiner,
  party,
  restarted,
  snapshot,
  suite1,
  text,
  trio,
  type Peer,
} from '../parties.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { asMessage, forgeWelcome, inviteTo } from '../refusal/forge-welcome.ts';
import { hex } from '../suites.ts';

const nonce = (length = 32): Uint8Array => suite1.random(length);
const external = (id: string, pskNonce = nonce()): PreSharedKeyID => ({
  pskType: PSKType.external,
  pskId: bytes(id),
  pskNonce,
});
const resumption = (pskGroupId: Uint8Array, pskEpoch: bigint): PreSharedKeyID => ({
  pskType: PSKType.resumption,
  usage: ResumptionPSKUsage.application,
  pskGroupId,
  pskEpoch,
  pskNonce: nonce(),
});
const pskOf = (psk: PreSharedKeyID): Proposal => ({ proposalType: ProposalType.psk, psk });
const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };

/** Knows external keys by their id: the key is the id, written backwards. */
const shared: PskStore = {
  findExternalPsk: (id) => (text(id).startsWith('known') ? id.toReversed() : undefined),
  findResumptionPsk: (groupId, epoch) =>
    text(groupId) === 'elsewhere' && epoch === 7n ? nonce() : undefined,
};
const knowing = { options: { psks: shared } };

describe('the id of a pre-shared key', () => {
  it('has its fields in order, with all 64 bits of the epoch [R8.4-01]', () => {
    const pskNonce = Uint8Array.of(0xaa, 0xbb);
    expect(hex(encode(PreSharedKeyID, { pskType: 1, pskId: Uint8Array.of(1, 2, 3), pskNonce }))).toBe(
      '010301020302aabb',
    );
    const id = {
      pskType: 2,
      usage: 3,
      pskGroupId: Uint8Array.of(9),
      pskEpoch: 2n ** 53n + 1n,
      pskNonce,
    } as const;
    expect(hex(encode(PreSharedKeyID, id))).toBe('02030109002000000000000102aabb');
  });
});

describe('the nonce of a pre-shared key', () => {
  const refused = { code: 'INVALID_PSK', requirement: 'R8.4-02' };

  it.each([0, 31, 33, 48, 64])(
    'is not %i bytes long: not proposed, not committed, not accepted, in no place [R8.4-02]',
    async (length) => {
      const [alice, bob, carol] = await trio(knowing);
      const psk = external('known', nonce(length));
      const before = snapshot(alice);
      await expect(alice.group.propose(pskOf(psk), framing)).rejects.toMatchObject(refused);
      await expect(alice.group.commit({ proposals: [pskOf(psk)] })).rejects.toMatchObject(refused);
      await expect(enter(party('erin', knowing), alice, { psks: [psk] })).rejects.toMatchObject(refused);
      expect(snapshot(alice)).toBe(before);
      const proposal = forge(alice, { contentType: ContentType.proposal, proposal: pskOf(psk) });
      const commit = { proposals: [{ type: 1, proposal: pskOf(psk) } as const], path: undefined };
      const commits = forge(alice, { contentType: ContentType.commit, commit });
      for (const forged of [proposal, commits]) {
        await expectRefused(bob, forged, refused.code, refused.requirement);
      }
      await expectGoesOn(alice, [alice, bob, carol]);
    },
  );

  it('of the wrong length in a Welcome keeps the joiner out, until the true one comes [R8.4-02]', async () => {
    const [alice] = await trio(knowing);
    const request = { proposals: [pskOf(external('known'))] };
    const invited = await inviteTo(alice, joiner(party('dave', knowing)), request);
    for (const length of [0, 31, 33]) {
      const message = forgeWelcome(invited, {
        secrets: (secrets) => ({
          ...secrets,
          psks: secrets.psks.map((psk) => ({ ...psk, pskNonce: nonce(length) })),
        }),
      });
      await expect(join(invited.joiner, message)).rejects.toMatchObject(refused);
    }
    expectAgreement([alice, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('is what makes each use another one: it is mixed in [R8.4-02]', () => {
    const secrets = [nonce(), nonce()].map((one) =>
      hex(derivePskSecret(suite1, [{ id: external('known', one), psk: bytes('key') }])),
    );
    expect(secrets[0]).not.toBe(secrets[1]);
  });
});

describe('the order of pre-shared keys', () => {
  it('is that of the commit in the Welcome too; another order does not open it [R8.4-03, R12.4.1-10]', async () => {
    const [alice] = await trio(knowing);
    const ids = ['known 1', 'known 2', 'known 3'].map((id) => external(id));
    const invited = await inviteTo(alice, joiner(party('dave', knowing)), {
      proposals: ids.map(pskOf),
    });
    for (const psks of [ids.toReversed(), [ids[1], ids[0], ids[2]], ids.slice(0, 2)]) {
      const swapped = psks.filter((id) => id !== undefined);
      const message = forgeWelcome(invited, { secrets: (secrets) => ({ ...secrets, psks: swapped }) });
      await expect(join(invited.joiner, message)).rejects.toMatchObject({
        code: 'INVALID_WELCOME',
        requirement: 'R12.4.3.1-07',
      });
    }
    const dave = await join(invited.joiner, asMessage(invited.welcome));
    expectAgreement([alice, dave]);
  });

  it('counts: the same keys in another order give another secret [R8.4-03]', () => {
    const [one, two] = [
      { id: external('1'), psk: bytes('one') },
      { id: external('2'), psk: bytes('two') },
    ];
    expect(hex(derivePskSecret(suite1, [one, two]))).not.toBe(hex(derivePskSecret(suite1, [two, one])));
  });
});

/** A commit with a PSK, made by a member that is told a wrong value for what it does not have. */
async function commitWith(
  psk: PreSharedKeyID,
  committer: Peer,
): Promise<Awaited<ReturnType<Peer['group']['commit']>>> {
  const inventive: PskStore = { findExternalPsk: () => undefined, findResumptionPsk: () => nonce() };
  const rogue = restarted({
    ...committer,
    party: { ...committer.party, options: { ...committer.party.options, psks: inventive } },
  });
  return rogue.group.commit({ proposals: [pskOf(psk)], wireFormat: WireFormat.publicMessage });
}

describe('a resumption PSK', () => {
  const unavailable = 'PSK_NOT_AVAILABLE';

  it('of a group that nobody knows is not available, to nobody [R8.4-06]', async () => {
    const [alice, bob, carol] = await trio(knowing);
    for (const psk of [resumption(bytes('nowhere'), 7n), resumption(bytes('elsewhere'), 8n)]) {
      const before = snapshot(alice);
      await expect(alice.group.commit({ proposals: [pskOf(psk)] })).rejects.toMatchObject({
        code: unavailable,
      });
      expect(snapshot(alice)).toBe(before);
      await expectRefused(bob, (await commitWith(psk, alice)).message, unavailable);
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it("of another group is that group's own, for members and joiners [R8.4-06]", async () => {
    const [old] = await trio();
    const { groupId, state } = old.group;
    const psks: PskStore = {
      findExternalPsk: () => undefined,
      findResumptionPsk: (id, epoch) =>
        hex(id) === hex(groupId) && epoch === 1n ? state.secrets.resumptionPsk : undefined,
    };
    const members = await trio({ options: { psks } });
    const proposals = [pskOf(resumption(groupId, 1n))];
    expectAgreement(await commitBy(members[1], members, { proposals }));
    await expectConversation(members);
    const dave = joiner(party('dave', { options: { psks } }));
    expectAgreement(await commitBy(members[0], members, { proposals }, [dave]));
    const erin = joiner(party('erin'));
    const { welcome, committer } = await inviteTo(members[0], erin, { proposals });
    await expect(join(erin, asMessage(welcome))).rejects.toMatchObject({ code: unavailable });
    expect(committer.group.epoch).toBe(4n);
  });

  it('of a past epoch is kept for as many epochs as the policy says, no more [R8.6-01, R12.4.2-05]', async () => {
    const members = await trio();
    const [alice, bob] = members;
    expect(defaultPolicy.resumptionPsks).toBe(5);
    for (let count = 0; count < 6; count++) await commitBy(alice, members);
    expect(alice.group.epoch).toBe(7n);
    const { groupId } = alice.group;
    await expect(alice.group.commit({ proposals: [pskOf(resumption(groupId, 1n))] })).rejects.toMatchObject({
      code: unavailable,
      requirement: 'R12.4.2-05',
    });
    const { state } = alice.group;
    const resumptionPsks = [...state.resumptionPsks, { epoch: 1n, psk: nonce() }];
    const hoarder = new Group({ ...state, resumptionPsks }, alice.party.options);
    const { message } = await hoarder.commit({
      proposals: [pskOf(resumption(groupId, 1n))],
      wireFormat: WireFormat.publicMessage,
    });
    await expectRefused(bob, message, unavailable, 'R12.4.2-05');
    for (const { group } of members) {
      expect(group.state.resumptionPsks.map(({ epoch }) => epoch)).toEqual([6n, 5n, 4n, 3n, 2n]);
    }
    const oldest = pskOf(resumption(groupId, 2n));
    expectAgreement(await commitBy(bob, members, { proposals: [oldest] }));
  });

  it('is not kept at all when the policy says so [R8.6-01]', async () => {
    const policy = { ...defaultPolicy, resumptionPsks: 0 };
    const members = await trio({ options: { policy } });
    await commitBy(members[0], members);
    for (const { group } of members) expect(group.state.resumptionPsks).toEqual([]);
    const { groupId } = members[0].group;
    await expect(
      members[1].group.commit({ proposals: [pskOf(resumption(groupId, 1n))] }),
    ).rejects.toMatchObject({ code: unavailable });
    expectAgreement(await commitBy(members[1], members, { proposals: [pskOf(resumption(groupId, 2n))] }));
  });
});

describe('the number of pre-shared keys', () => {
  it('has a limit of 65535, which is what can be counted [R8.4-07]', () => {
    const one = { id: external('1', nonce(1)), psk: bytes('one') };
    const many = Array.from({ length: 65_536 }, () => one);
    expect(() => derivePskSecret(suite1, many)).toThrow(
      expect.objectContaining({ code: 'INVALID_PSK', requirement: 'R8.4-07' }),
    );
    expect(derivePskSecret(suite1, many.slice(1))).toHaveLength(32);
  });
});
