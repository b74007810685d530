import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';

import { ExternalSenders } from '../../src/extensions/external-senders.ts';
import {
  createExternalProposal,
  createJoinProposal,
  type ExternalProposalRequest,
} from '../../src/group/create-external-proposal.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ExtensionType, ProposalType } from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { invitation } from '../outsider.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  groupOf,
  join,
  joiner,
  party,
  refusal,
  removeOf,
  snapshot,
  suite1,
  type Joiner,
  type Party,
  type Peer,
} from '../parties.ts';

const [first, second] = [party('directory'), party('moderator')];

const refused = (code: string, requirement: string): unknown =>
  expect.objectContaining({ name: 'MlsError', code, requirement });

/** Two members and two outsiders that may propose. */
async function supervised(): Promise<readonly [Peer, Peer]> {
  const externalSenders = [first, second].map(({ identity }) => ({
    signatureKey: identity.signatureKeyPair.publicKey,
    credential: identity.credential,
  }));
  const extension = {
    extensionType: ExtensionType.externalSenders,
    extensionData: encode(ExternalSenders, externalSenders),
  };
  const [alice, bob] = await groupOf(['alice', 'bob'], {}, { extensions: [extension] });
  if (alice === undefined || bob === undefined) throw new Error('two expected');
  return [alice, bob];
}

function request(
  through: Peer,
  sender: Party,
  proposal: Proposal,
  more: Partial<ExternalProposalRequest> = {},
): ExternalProposalRequest {
  return {
    suite: suite1,
    groupInfo: invitation(through),
    ratchetTree: undefined,
    senderIndex: sender === first ? 0 : 1,
    signatureKeyPair: sender.identity.signatureKeyPair,
    proposal,
    authenticatedData: empty,
    ...more,
  };
}

/** Lets a member commit what was proposed; the added client joins. */
async function commitProposed(committer: Peer, all: readonly Peer[], newcomer?: Joiner): Promise<Peer[]> {
  const { message, welcome, staged } = await committer.group.commit();
  const members = await Promise.all(
    all.map(async (peer) => {
      const received = peer === committer ? undefined : await peer.group.process(message);
      peer.group.keep(received?.kind === 'commit' ? received.staged : staged);
      return peer;
    }),
  );
  if (welcome === undefined || newcomer === undefined) return members;
  return [...members, await join(newcomer, { wireFormat: 3, welcome })];
}

describe('an external sender', () => {
  it('proposes an Add, and the added client joins [R12.1.8-06]', async () => {
    const [alice, bob] = await supervised();
    const carol = joiner(party('carol'));
    const message = createExternalProposal(request(alice, second, addOf(carol)));
    await announce(message, alice, bob);
    const members = await commitProposed(bob, [alice, bob], carol);
    expectAgreement(members);
    await expectConversation(members);
  });

  it('proposes every type that it may, and each is committed [R12.1.8-04, R17.4-01]', async () => {
    const proposals: readonly [string, (bob: Peer) => Proposal][] = [
      ['remove', (bob) => removeOf(bob)],
      ['extensions', () => ({ proposalType: ProposalType.groupContextExtensions, extensions: [] })],
      [
        'reinit',
        () => ({
          proposalType: ProposalType.reinit,
          groupId: bytes('n'),
          version: 1,
          cipherSuite: 1,
          extensions: [],
        }),
      ],
    ];
    for (const [name, proposal] of proposals) {
      const [alice, bob] = await supervised();
      await announce(createExternalProposal(request(alice, first, proposal(bob))), alice, bob);
      const { effects } = (await alice.group.commit()).staged;
      expect({
        remove: effects.removed.length,
        extensions: Number(effects.extensionsChanged),
        reinit: Number(effects.reinit !== undefined),
      }).toEqual({ remove: 0, extensions: 0, reinit: 0, [name]: 1 });
    }
  });

  it('is refused by its own library what it may not send [R12.1.8-04] [R6.1-06]', async () => {
    const [alice, bob] = await supervised();
    const leafNode = bob.group.state.tree.findLeaf(bob.group.state.ownLeafIndex);
    if (leafNode === undefined) throw new Error('a leaf expected');
    const update: Proposal = { proposalType: ProposalType.update, leafNode };
    const init: Proposal = { proposalType: ProposalType.externalInit, kemOutput: empty };
    for (const proposal of [update, init]) {
      expect(() => createExternalProposal(request(alice, first, proposal))).toThrow(
        refused('SENDER_NOT_ALLOWED', 'R6.1-06'),
      );
    }
  });

  it('does not speak where it is not listed, with another key, or about nobody [R12.1.8-01] [R6.1-05] [R12.1.3-01]', async () => {
    const [alice, bob] = await supervised();
    const remove = removeOf(bob);
    const [plain] = await groupOf(['zoe']);
    if (plain === undefined) throw new Error('one expected');
    expect(() => createExternalProposal(request(plain, first, remove))).toThrow(
      refused('UNKNOWN_SENDER', 'R6.1-05'),
    );
    const other = { signatureKeyPair: second.identity.signatureKeyPair };
    expect(() => createExternalProposal(request(alice, first, remove, other))).toThrow(
      refused('UNKNOWN_SENDER', 'R6.1-05'),
    );
    const nobody: Proposal = { ...remove, proposalType: ProposalType.remove, removed: toLeafIndex(9) };
    expect(() => createExternalProposal(request(alice, first, nobody))).toThrow(
      refused('UNKNOWN_LEAF', 'R12.1.3-01'),
    );
  });

  it('acts on no GroupInfo that no member has signed, and needs the tree [R12.4.3-06] [R12.4.3.1-21]', async () => {
    const [alice, bob] = await supervised();
    const info = invitation(alice);
    const forged = { ...info, signature: info.signature.with(0, (info.signature[0] ?? 0) ^ 1) };
    expect(() => createExternalProposal(request(alice, first, removeOf(bob), { groupInfo: forged }))).toThrow(
      refusal('INVALID_SIGNATURE'),
    );
    const bare = alice.group.groupInfo({ ratchetTree: false, externalPub: false, grease: false });
    expect(() => createExternalProposal(request(alice, first, removeOf(bob), { groupInfo: bare }))).toThrow(
      refusal('RATCHET_TREE_REQUIRED'),
    );
    const { tree } = alice.group.state;
    const message = createExternalProposal(
      request(alice, first, removeOf(bob), { groupInfo: bare, ratchetTree: tree }),
    );
    await announce(message, alice, bob);
  });
});

describe('a client that asks to be added', () => {
  const policy = { ...defaultPolicy, allowNewMemberProposals: true };

  it('is added by a member and gets a Welcome [R12.1.8-07]', async () => {
    const members = await groupOf(['alice', 'bob'], { options: { policy } });
    const [alice, bob] = members;
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const carol = joiner(party('carol', { options: { policy } }));
    const { groupContext } = invitation(alice);
    const asked = createJoinProposal({
      suite: suite1,
      groupContext,
      keyPackage: carol.keyPackage,
      authenticatedData: empty,
    });
    await announce(asked, alice, bob);
    const all = await commitProposed(alice, members, carol);
    expectAgreement(all);
    await expectConversation(all);
  });

  it('is not listened to where the policy says so, and nothing is cached [R12.1.8-05]', async () => {
    const members = await groupOf(['alice', 'bob']);
    const [alice, bob] = members;
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const carol = joiner(party('carol'));
    const { groupContext } = invitation(alice);
    const asked = createJoinProposal({
      suite: suite1,
      groupContext,
      keyPackage: carol.keyPackage,
      authenticatedData: empty,
    });
    const before = snapshot(bob);
    await expect(announce(asked, bob)).rejects.toThrow(refused('SENDER_NOT_ALLOWED', 'R12.1.8-05'));
    expect(snapshot(bob)).toBe(before);
    expectAgreement(await commitBy(bob, members));
  });

  it('does not ask with a KeyPackage of another suite [R10.1-01]', async () => {
    const [alice] = await groupOf(['alice']);
    if (alice === undefined) throw new Error('one expected');
    const { groupContext } = invitation(alice);
    const { keyPackage } = joiner(party('carol'));
    const other = { ...keyPackage, keyPackage: { ...keyPackage.keyPackage, cipherSuite: 3 } };
    expect(() =>
      createJoinProposal({ suite: suite1, groupContext, keyPackage: other, authenticatedData: empty }),
    ).toThrow(refused('WRONG_CIPHER_SUITE', 'R10.1-01'));
  });
});
