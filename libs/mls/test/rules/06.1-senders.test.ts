import { describe, expect, it } from '@jest/globals';

import { ContentType, SenderType, type ContentBody } from '../../src/framing/content.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType } from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { extensions, external, served, serverKey } from '../external-senders.ts';
import { forgePublic } from '../forge-public.ts';
import { contentOf, forge, publicOf } from '../forge.ts';
import { enter, proposeFromOutside } from '../outsider.ts';
import { addOf, bytes, empty, follow, joiner, party, receive, removeOf, type Peer } from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';

const application: ContentBody = { contentType: ContentType.application, applicationData: bytes('hi') };
const removal = (peer: Peer): ContentBody => ({
  contentType: ContentType.proposal,
  proposal: removeOf(peer),
});

/** What an external sender may not send, beside application data. */
function forbiddenBodies({ group }: Peer): ContentBody[] {
  const [leafNode] = Array.from(group.members(), (member) => member.leafNode);
  if (leafNode === undefined) throw new Error('a member expected');
  const update: Proposal = { proposalType: ProposalType.update, leafNode };
  const externalInit: Proposal = { proposalType: ProposalType.externalInit, kemOutput: empty };
  return [
    { contentType: ContentType.commit, commit: { proposals: [], path: undefined } },
    { contentType: ContentType.proposal, proposal: update },
    { contentType: ContentType.proposal, proposal: externalInit },
  ];
}

describe('the key that a content is verified with', () => {
  it('is that of the member at the leaf: none beside the tree or at a hole, no other one [R6.1-04]', async () => {
    const [alice, bob, carol] = await acquainted();
    for (const leaf of [3, 4, 0xffff_ffff]) {
      const sender = { senderType: SenderType.member, leafIndex: toLeafIndex(leaf) };
      const message = forgePublic(alice, contentOf(alice, removal(carol), { sender }));
      await expectRefused(bob, message, 'UNKNOWN_SENDER', 'R6.1-04');
    }
    const sender = { senderType: SenderType.member, leafIndex: toLeafIndex(2) };
    const asCarol = forgePublic(alice, contentOf(alice, removal(carol), { sender }));
    await expectRefused(bob, asCarol, 'INVALID_SIGNATURE', 'R6.1-09');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is that of the entry in external_senders [R6.1-05]', async () => {
    const [alice, bob, carol] = await served();
    const propose = (senderIndex: number): ReturnType<typeof forge> =>
      proposeFromOutside(alice.group, external(senderIndex), removeOf(carol), serverKey);
    await expectRefused(bob, propose(2), 'UNKNOWN_SENDER', 'R6.1-05');
    await expectRefused(bob, propose(1), 'INVALID_SIGNATURE', 'R6.1-09');
    await receive(bob, propose(0));
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('does not exist for an external sender in a group without external_senders [R6.1-05]', async () => {
    const [alice, bob, carol] = await acquainted();
    const message = proposeFromOutside(alice.group, external(0), removeOf(carol), serverKey);
    await expectRefused(bob, message, 'UNKNOWN_SENDER', 'R6.1-05');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('of a joiner is the one in its path, of an applicant the one in its KeyPackage [R6.1-07, R6.1-08]', async () => {
    const [alice, bob, carol] = await served();
    const { message } = await enter(party('dave'), alice);
    const { content } = publicOf(message);
    await expectRefused(bob, forgePublic(alice, content), 'INVALID_SIGNATURE', 'R6.1-09');
    const newcomer = joiner(party('erin'));
    const sender = { senderType: SenderType.newMemberProposal };
    const body: ContentBody = { contentType: ContentType.proposal, proposal: addOf(newcomer) };
    const request = contentOf(alice, body, { sender });
    await expectRefused(bob, forgePublic(alice, request), 'INVALID_SIGNATURE', 'R6.1-09');
    const { privateKey } = newcomer.party.identity.signatureKeyPair;
    await receive(bob, forgePublic(alice, request, { signaturePrivateKey: privateKey }));
    for (const peer of [alice, bob, carol]) await follow(peer, message);
  });
});

describe('an external sender', () => {
  it('sends no commit, Update or ExternalInit, and no application data [R6.1-06]', async () => {
    const [alice, bob, carol] = await served();
    const sender = external(0);
    const signed = { signaturePrivateKey: serverKey };
    for (const body of forbiddenBodies(carol)) {
      const message = forgePublic(alice, contentOf(alice, body, { sender }), signed);
      await expectRefused(bob, message, 'SENDER_NOT_ALLOWED', 'R6.1-06');
    }
    const inTheOpen = forgePublic(alice, contentOf(alice, application, { sender }), signed);
    await expectRefused(bob, inTheOpen, 'APPLICATION_DATA_IN_PUBLIC', 'R6-01');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('sends Add, Remove, PSK, ReInit and GroupContextExtensions [R6.1-06]', async () => {
    const [alice, bob, carol] = await served();
    const pskNonce = alice.group.suite.random(32);
    const proposals: Proposal[] = [
      addOf(joiner(party('dave'))),
      removeOf(carol),
      { proposalType: ProposalType.psk, psk: { pskType: 1, pskId: bytes('psk'), pskNonce } },
      {
        proposalType: ProposalType.reinit,
        groupId: bytes('next'),
        version: 1,
        cipherSuite: 1,
        extensions: [],
      },
      { proposalType: ProposalType.groupContextExtensions, extensions },
    ];
    for (const proposal of proposals) {
      const message = proposeFromOutside(alice.group, external(0), proposal, serverKey);
      expect(await receive(bob, message)).toMatchObject({ kind: 'proposal', proposal });
    }
  });
});

describe('a new member', () => {
  it('sends nothing but its external Commit, with a path [R6.1-07]', async () => {
    const [alice, bob, carol] = await served();
    const sender = { senderType: SenderType.newMemberCommit };
    const proposal = forgePublic(alice, contentOf(alice, removal(carol), { sender }));
    await expectRefused(bob, proposal, 'SENDER_NOT_ALLOWED', 'R6.1-07');
    const commit: ContentBody = {
      contentType: ContentType.commit,
      commit: { proposals: [], path: undefined },
    };
    const pathless = forgePublic(alice, contentOf(alice, commit, { sender }));
    await expectRefused(bob, pathless, 'PATH_REQUIRED', 'R12.4.3.2-03');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('proposes nothing but to be added [R6.1-08]', async () => {
    const [alice, bob, carol] = await served();
    const sender = { senderType: SenderType.newMemberProposal };
    const message = forgePublic(alice, contentOf(alice, removal(carol), { sender }));
    await expectRefused(bob, message, 'SENDER_NOT_ALLOWED', 'R6.1-08');
    const commit: ContentBody = {
      contentType: ContentType.commit,
      commit: { proposals: [], path: undefined },
    };
    const committed = forgePublic(alice, contentOf(alice, commit, { sender }));
    await expectRefused(bob, committed, 'SENDER_NOT_ALLOWED', 'R6.1-08');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});
