import { describe, it } from '@jest/globals';

import { ContentType, SenderType, type ContentBody } from '../../src/framing/content.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { forgePrivate } from '../forge-private.ts';
import { contentOf, forge, publicOf } from '../forge.ts';
import { commitBy, empty, keyPackageOf, bytes, removeOf, say, type Peer } from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from './expect-refused.ts';

const application: ContentBody = { contentType: ContentType.application, applicationData: bytes('hi') };
const proposalOf = (peer: Peer): ContentBody => ({
  contentType: ContentType.proposal,
  proposal: removeOf(peer),
});

describe('a message is refused', () => {
  it('in another epoch, earlier or later, public or private [R12.4.2-01, R12.1-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    const all = [alice, bob, carol];
    const oldPublic = forge(alice, proposalOf(carol));
    const oldPrivate = forge(alice, proposalOf(carol), { wireFormat: WireFormat.privateMessage });
    await commitBy(bob, all);
    const late = forge(alice, proposalOf(carol), { content: { epoch: 3n } });
    for (const message of [oldPublic, oldPrivate, late]) await expectRefused(bob, message, 'WRONG_EPOCH');
    await commitBy(alice, [alice, carol]);
    await expectRefused(bob, say(alice, 'from the future'), 'WRONG_EPOCH');
  });

  it('in another group [R6-07]', async () => {
    const [alice, bob, carol] = await acquainted();
    const [stranger] = await acquainted();
    await expectRefused(bob, say(stranger, 'hello'), 'WRONG_GROUP');
    await expectRefused(bob, forge(stranger, proposalOf(stranger)), 'WRONG_GROUP');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('without a membership tag of its epoch [R6.2-02]', async () => {
    const [alice, bob, carol] = await acquainted();
    const publicMessage = publicOf(forge(alice, proposalOf(carol)));
    const { membershipTag } = publicMessage;
    if (membershipTag === undefined) throw new Error('a tag expected');
    const flipped = membershipTag.with(0, (membershipTag[0] ?? 0) ^ 1);
    for (const tag of [flipped, membershipTag.subarray(1), empty, new Uint8Array(32)]) {
      const message = { ...publicMessage, membershipTag: tag };
      await expectRefused(
        bob,
        { wireFormat: WireFormat.publicMessage, publicMessage: message },
        'INVALID_MEMBERSHIP_TAG',
      );
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it("with a signature of another key, although the tag is a member's [R6.1-09, R6.2-04, R6.3.1-08]", async () => {
    const [alice, bob, carol] = await acquainted();
    const { signaturePrivateKey } = carol.group.state;
    await expectRefused(bob, forge(alice, proposalOf(carol), { signaturePrivateKey }), 'INVALID_SIGNATURE');
    const inPrivate = forgePrivate(alice, { body: application, signaturePrivateKey });
    await expectRefused(bob, inPrivate, 'INVALID_SIGNATURE');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('with a signature for the other wire format [R6.1-02]', async () => {
    const [alice, bob, carol] = await acquainted();
    const message = forgePrivate(alice, { body: proposalOf(carol), signedFor: WireFormat.publicMessage });
    await expectRefused(bob, message, 'INVALID_SIGNATURE');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('from a leaf that is blank or does not exist [R6.1-04, R6.3.2-05]', async () => {
    const [alice, bob, carol] = await acquainted();
    for (const leaf of [3, 4, 0xffff_ffff]) {
      const sender = { senderType: SenderType.member, leafIndex: toLeafIndex(leaf) };
      await expectRefused(bob, forge(alice, proposalOf(carol), { content: { sender } }), 'UNKNOWN_SENDER');
      await expectRefused(bob, forgePrivate(alice, { body: application, leafIndex: leaf }), 'UNKNOWN_SENDER');
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('when one member pretends to be another [R6.1-04, R6.3.2-07]', async () => {
    const [alice, bob, carol] = await acquainted();
    const sender = { senderType: SenderType.member, leafIndex: toLeafIndex(2) };
    const inPublic = forge(alice, proposalOf(carol), { content: { sender } });
    await expectRefused(bob, inPublic, 'INVALID_SIGNATURE');
    const inPrivate = forgePrivate(alice, { body: application, leafIndex: 2 });
    await expectRefused(bob, inPrivate, 'DECRYPTION_FAILED');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('with padding that is not zero, anywhere [R6.3.1-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    for (const at of [0, 13, 30]) {
      const pad = (plaintext: Uint8Array): Uint8Array => {
        const longer = new Uint8Array(plaintext.length + 31);
        longer.set(plaintext);
        longer[plaintext.length + at] = 1;
        return longer;
      };
      await expectRefused(bob, forgePrivate(alice, { body: application, change: pad }), 'INVALID_PADDING');
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('whose decrypted content is no content [R6.3.1-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    for (const plaintext of [empty, Uint8Array.of(0xff), new Uint8Array(1)]) {
      const message = forgePrivate(alice, { body: application, change: () => plaintext });
      await expectRefused(bob, message, 'DECRYPTION_FAILED');
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('encrypted with the other ratchet [R6.3.1-04]', async () => {
    const [alice, bob, carol] = await acquainted();
    const message = forgePrivate(alice, { body: proposalOf(carol), ratchet: 'application' });
    await expectRefused(bob, message, 'DECRYPTION_FAILED');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('of a generation far away, or one that its key does not belong to [R15.3-04, R6.3.2-07]', async () => {
    const [alice, bob, carol] = await acquainted();
    const far = forgePrivate(alice, { body: application, generation: 0xffff_ffff });
    await expectRefused(bob, far, 'GENERATION_TOO_FAR');
    const other = forgePrivate(alice, { body: application, generation: 9 });
    await expectRefused(bob, other, 'DECRYPTION_FAILED');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('when it is no message for a group [R6-04]', async () => {
    const [alice, bob] = await acquainted();
    const { keyPackage } = keyPackageOf(alice.party);
    await expectRefused(bob, { wireFormat: WireFormat.keyPackage, keyPackage }, 'UNSUPPORTED_WIRE_FORMAT');
  });

  it('when it holds application data in the clear [R6-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    const publicMessage = publicOf(forge(alice, proposalOf(carol)));
    const content = contentOf(alice, application);
    const message = { wireFormat: WireFormat.publicMessage, publicMessage: { ...publicMessage, content } };
    await expectRefused(bob, message, 'APPLICATION_DATA_IN_PUBLIC');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('when a new member sends anything but a commit or its own Add [R6.1-07, R6.1-08]', async () => {
    const [alice, bob, carol] = await acquainted();
    for (const senderType of [SenderType.newMemberCommit, SenderType.newMemberProposal]) {
      const message = forge(alice, proposalOf(carol), { content: { sender: { senderType } } });
      await expectRefused(bob, message, 'SENDER_NOT_ALLOWED');
    }
    const commit = { contentType: ContentType.commit, commit: { proposals: [], path: undefined } };
    const sender = { senderType: SenderType.newMemberCommit };
    await expectRefused(bob, forge(alice, commit, { content: { sender } }), 'PATH_REQUIRED');
    const external = { senderType: SenderType.external, senderIndex: 0 };
    await expectRefused(bob, forge(alice, commit, { content: { sender: external } }), 'SENDER_NOT_ALLOWED');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('a proposal that is refused is not cached [R12.1-01]', () => {
  it('so a commit cannot refer to it [R12.4-04]', async () => {
    const [alice, bob, carol] = await acquainted();
    const nobody = { proposalType: ProposalType.remove, removed: toLeafIndex(3) };
    const message = forge(alice, { contentType: ContentType.proposal, proposal: nobody });
    await expectRefused(bob, message, 'UNKNOWN_LEAF');
    await expectGoesOn(bob, [alice, bob, carol]);
  });
});
