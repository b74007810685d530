import { describe, expect, it } from '@jest/globals';

import { encode, opaque } from '@canopy/codec';

import { framedContentAuthData } from '../../src/framing/authentication.ts';
import { ContentType, FramedContent, type ContentBody } from '../../src/framing/content.ts';
import { decodeMessage, encodeMessage } from '../../src/framing/message.ts';
import { PublicMessage } from '../../src/framing/public-message.ts';
import { WireFormat } from '../../src/registries.ts';
import { external, served, serverKey } from '../external-senders.ts';
import { forgePublic, tbsOf } from '../forge-public.ts';
import { contentOf, publicOf } from '../forge.ts';
import { enter, proposeFromOutside } from '../outsider.ts';
import { commitBy, empty, party, receive, removeOf, type Peer } from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';

const removal = (peer: Peer): ContentBody => ({
  contentType: ContentType.proposal,
  proposal: removeOf(peer),
});

describe('a membership tag', () => {
  it('is the MAC over what is signed and how it is authenticated [R6.2-01]', async () => {
    const [alice, bob] = await acquainted();
    const { suite, state } = alice.group;
    const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
    const proposal = publicOf(await alice.group.propose(removeOf(bob), framing));
    const commit = publicOf(
      (await alice.group.commit({ wireFormat: WireFormat.publicMessage, includeReceived: false })).message,
    );
    for (const { content, auth, membershipTag } of [proposal, commit]) {
      const signed = tbsOf(alice, content);
      const tbm = Uint8Array.of(...signed, ...encode(framedContentAuthData(content.body.contentType), auth));
      expect(membershipTag).toEqual(suite.mac.compute(state.secrets.membershipKey, tbm));
    }
  });

  it('is checked: changed, cut, empty, of another message or another epoch [R6.2-02]', async () => {
    const [alice, bob, carol] = await acquainted();
    const oldKey = Uint8Array.from(alice.group.state.secrets.membershipKey);
    await commitBy(alice, [alice, bob, carol]);
    const { suite } = alice.group;
    const good = publicOf(forgePublic(alice, contentOf(alice, removal(carol))));
    const tag = good.membershipTag ?? empty;
    const tbm = Uint8Array.of(
      ...tbsOf(alice, good.content),
      ...encode(framedContentAuthData(ContentType.proposal), good.auth),
    );
    expect(tag).toEqual(suite.mac.compute(alice.group.state.secrets.membershipKey, tbm));
    const ofAnother = publicOf(forgePublic(alice, contentOf(alice, removal(bob)))).membershipTag ?? empty;
    const tags = [
      ...[0, 15, 31].map((at) => tag.map((byte, index) => (index === at ? byte ^ 0x80 : byte))),
      tag.subarray(0, -1),
      Uint8Array.of(...tag, 0),
      empty,
      ofAnother,
      suite.mac.compute(oldKey, tbm),
    ];
    for (const membershipTag of tags) {
      const publicMessage = { ...good, membershipTag };
      const message = { wireFormat: WireFormat.publicMessage, publicMessage };
      await expectRefused(bob, message, 'INVALID_MEMBERSHIP_TAG', 'R6.2-02');
    }
    await receive(bob, { wireFormat: WireFormat.publicMessage, publicMessage: good });
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is always written for a member [R6.2-01]', async () => {
    const [alice, bob] = await acquainted();
    const { content, auth } = publicOf(forgePublic(alice, contentOf(alice, removal(bob))));
    expect(() => encode(PublicMessage, { content, auth, membershipTag: undefined })).toThrow(
      /membership tag/,
    );
  });

  it('does not exist for those outside: bytes in its place do not decode [R6.2-03]', async () => {
    const [alice, bob, carol] = await served();
    const proposal = proposeFromOutside(alice.group, external(0), removeOf(carol), serverKey);
    const { message: joining } = await enter(party('dave'), alice);
    for (const message of [proposal, joining]) {
      const { content, auth, membershipTag } = publicOf(message);
      expect(membershipTag).toBeUndefined();
      const { contentType } = content.body;
      const parts = [encode(FramedContent, content), encode(framedContentAuthData(contentType), auth)];
      const encoded = encodeMessage(message);
      expect(hex(encoded)).toBe(`00010001${parts.map(hex).join('')}`);
      const tagged = Uint8Array.of(...encoded, ...encode(opaque, alice.group.suite.random(32)));
      expect(() => decodeMessage(tagged)).toThrow(expect.objectContaining({ code: 'TRAILING_BYTES' }));
      expect(() => decodeMessage(Uint8Array.of(...encoded, 0))).toThrow(
        expect.objectContaining({ code: 'TRAILING_BYTES' }),
      );
    }
    await receive(bob, proposal);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('does not stand in for a signature [R6.2-04]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { signaturePrivateKey } = carol.group.state;
    const forged = forgePublic(alice, contentOf(alice, removal(carol)), { signaturePrivateKey });
    await expectRefused(bob, forged, 'INVALID_SIGNATURE', 'R6.1-09');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});
