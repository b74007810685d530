import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';

import { framedContentAuthData, framedContentTbs } from '../../src/framing/authentication.ts';
import { ContentType, FramedContent, SenderType, type ContentBody } from '../../src/framing/content.ts';
import { WireFormat } from '../../src/registries.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { external, served, serverKey } from '../external-senders.ts';
import { altered, forgePrivate } from '../forge-private.ts';
import { forgePublic, tbsOf } from '../forge-public.ts';
import { contentOf, publicOf } from '../forge.ts';
import { enter } from '../outsider.ts';
import { bytes, empty, follow, party, receive, removeOf, say, type Peer } from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';

const application: ContentBody = { contentType: ContentType.application, applicationData: bytes('hi') };
const removal = (peer: Peer): ContentBody => ({
  contentType: ContentType.proposal,
  proposal: removeOf(peer),
});

describe('what is signed', () => {
  it('is version, wire format and content, with the context for members and joiners only [R6.1-01]', async () => {
    const [alice] = await acquainted();
    const { groupContext } = alice.group.state;
    const senders: [FramedContent['sender'], boolean][] = [
      [{ senderType: SenderType.member, leafIndex: toLeafIndex(0) }, true],
      [external(0), false],
      [{ senderType: SenderType.newMemberProposal }, false],
      [{ senderType: SenderType.newMemberCommit }, true],
    ];
    for (const [sender, withContext] of senders) {
      const content = contentOf(alice, removal(alice), { sender });
      const context = withContext ? hex(encode(GroupContext, groupContext)) : '';
      const body = hex(encode(FramedContent, content));
      expect(hex(framedContentTbs(WireFormat.publicMessage, content, groupContext))).toBe(
        `00010001${body}${context}`,
      );
      expect(hex(framedContentTbs(WireFormat.privateMessage, content, groupContext))).toBe(
        `00010002${body}${context}`,
      );
    }
  });

  it('covers the context where it has to, and not where it must not [R6.1-01]', async () => {
    const [alice, bob, carol] = await served();
    const contextSize = encode(GroupContext, alice.group.state.groupContext).length;
    const content = contentOf(alice, removal(carol));
    const without = tbsOf(alice, content).subarray(0, -contextSize);
    await expectRefused(bob, forgePublic(alice, content, { tbs: without }), 'INVALID_SIGNATURE', 'R6.1-09');

    const { message } = await enter(party('dave'), alice);
    const joining = publicOf(message);
    const { state } = (await enter(party('erin'), alice)).peer.group;
    const shortened = tbsOf(alice, joining.content).subarray(0, -contextSize);
    const { auth } = publicOf(
      forgePublic(alice, joining.content, {
        tbs: shortened,
        signaturePrivateKey: state.signaturePrivateKey,
      }),
    );
    const confirmationTag = joining.auth.confirmationTag;
    const forged = { ...joining, auth: { ...auth, confirmationTag } };
    await expectRefused(
      bob,
      { wireFormat: WireFormat.publicMessage, publicMessage: forged },
      'INVALID_SIGNATURE',
    );

    const fromOutside = contentOf(alice, removal(carol), { sender: external(0) });
    const context = encode(GroupContext, alice.group.state.groupContext);
    const tooMuch = Uint8Array.of(...tbsOf(alice, fromOutside), ...context);
    const signed = { signaturePrivateKey: serverKey };
    await expectRefused(
      bob,
      forgePublic(alice, fromOutside, { ...signed, tbs: tooMuch }),
      'INVALID_SIGNATURE',
    );
    await receive(bob, forgePublic(alice, fromOutside, signed));
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is one wire format: neither becomes the other [R6.1-02]', async () => {
    const [alice, bob, carol] = await acquainted();
    const content = contentOf(alice, removal(carol));
    const { groupContext } = alice.group.state;
    const tbs = framedContentTbs(WireFormat.privateMessage, content, groupContext);
    await expectRefused(bob, forgePublic(alice, content, { tbs }), 'INVALID_SIGNATURE', 'R6.1-09');
    const inPrivate = forgePrivate(alice, { body: removal(carol), signedFor: WireFormat.publicMessage });
    await expectRefused(bob, inPrivate, 'INVALID_SIGNATURE', 'R6.1-09');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is the epoch that a commit is sent in, not the one that it starts [R6.1-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const { content } = publicOf(message);
    const tbs = framedContentTbs(WireFormat.publicMessage, content, staged.state.groupContext);
    alice.group.drop(staged);
    await expectRefused(bob, forgePublic(alice, content, { tbs }), 'INVALID_SIGNATURE', 'R6.1-09');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('a signature', () => {
  it('belongs to every part of a content, although the tag is right [R6.1-09, R6.2-04]', async () => {
    const [alice, bob, carol] = await acquainted();
    const content = contentOf(alice, removal(carol), { authenticatedData: bytes('seen') });
    const { auth } = publicOf(forgePublic(alice, content));
    const changed: [Partial<FramedContent>, string][] = [
      [{ authenticatedData: bytes('Seen') }, 'INVALID_SIGNATURE'],
      [{ body: removal(alice) }, 'INVALID_SIGNATURE'],
      [{ sender: { senderType: SenderType.member, leafIndex: toLeafIndex(2) } }, 'INVALID_SIGNATURE'],
      [{ epoch: content.epoch + 1n }, 'WRONG_EPOCH'],
      [{ groupId: content.groupId.map((byte) => byte ^ 1) }, 'WRONG_GROUP'],
    ];
    for (const [change, code] of changed) {
      await expectRefused(bob, forgePublic(alice, { ...content, ...change }, { auth }), code);
    }
    for (const at of [0, 31, 63]) {
      const signature = Uint8Array.from(auth.signature, (byte, index) => (index === at ? byte ^ 1 : byte));
      const message = forgePublic(alice, content, { auth: { ...auth, signature } });
      await expectRefused(bob, message, 'INVALID_SIGNATURE', 'R6.1-09');
    }
    for (const signature of [empty, auth.signature.subarray(1)]) {
      const message = forgePublic(alice, content, { auth: { ...auth, signature } });
      await expectRefused(bob, message, 'INVALID_SIGNATURE', 'R6.1-09');
    }
    await receive(bob, forgePublic(alice, content, { auth }));
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('the confirmation tag', () => {
  it('stands in commits and nowhere else [R6.1-10]', () => {
    const auth = { signature: Uint8Array.of(1, 2), confirmationTag: Uint8Array.of(3) };
    const written = (type: ContentType): string => hex(encode(framedContentAuthData(type), auth));
    expect(written(ContentType.commit)).toBe('0201020103');
    expect(written(ContentType.proposal)).toBe('020102');
    expect(written(ContentType.application)).toBe('020102');
    const without = { signature: auth.signature, confirmationTag: undefined };
    expect(() => encode(framedContentAuthData(ContentType.commit), without)).toThrow(/confirmation tag/);
  });

  it('is the MAC over the new transcript with the new key, beside a good signature [R6.1-11, R6.1-12]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const { content, auth } = publicOf(message);
    const { suite } = alice.group;
    const next = staged.state;
    const { confirmedTranscriptHash } = next.groupContext;
    const expected = suite.mac.compute(next.secrets.confirmationKey, confirmedTranscriptHash);
    expect(auth.confirmationTag).toEqual(expected);
    const oldKey = suite.mac.compute(alice.group.state.secrets.confirmationKey, confirmedTranscriptHash);
    const interim = suite.mac.compute(next.secrets.confirmationKey, next.interimTranscriptHash);
    const flipped = expected.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
    for (const confirmationTag of [oldKey, interim, flipped, expected.subarray(1), empty]) {
      const forged = forgePublic(alice, content, { auth: { ...auth, confirmationTag } });
      await expectRefused(bob, forged, 'INVALID_CONFIRMATION_TAG', 'R12.4.2-12');
    }
    await follow(carol, forgePublic(alice, content, { auth }));
    alice.group.drop(staged);
  });

  it('alone does not do: a good tag with a bad signature is refused [R6.1-12]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    const { content, auth } = publicOf(message);
    const { signature } = publicOf(
      forgePublic(alice, content, { signaturePrivateKey: carol.group.state.signaturePrivateKey }),
    ).auth;
    const forged = forgePublic(alice, content, { auth: { ...auth, signature } });
    await expectRefused(bob, forged, 'INVALID_SIGNATURE', 'R6.1-09');
    alice.group.drop(staged);
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('a PrivateMessage', () => {
  it('is signed by its sender and for its header [R6.1-09, R6.3.1-08]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { signaturePrivateKey } = carol.group.state;
    const forged = forgePrivate(alice, { body: application, signaturePrivateKey });
    await expectRefused(bob, forged, 'INVALID_SIGNATURE', 'R6.1-09');
    await expectRefused(
      bob,
      altered(say(alice, 'hi'), { authenticatedData: bytes('x') }),
      'DECRYPTION_FAILED',
    );
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});
