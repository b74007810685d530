import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';

import {
  ContentType,
  FramedContent,
  Sender,
  SenderType,
  type ContentBody,
} from '../../src/framing/content.ts';
import { decodeMessage, encodeMessage } from '../../src/framing/message.ts';
import { protectPrivate, signContent } from '../../src/framing/protect.ts';
import { sendingKeys } from '../../src/group/state.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { WireFormat, type ContentWireFormat } from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { forgePublic } from '../forge-public.ts';
import { contentOf } from '../forge.ts';
import { invitation } from '../outsider.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  found,
  hear,
  join,
  joiner,
  keyPackageOf,
  party,
  removeOf,
  say,
  snapshot,
  trio,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';

const application: ContentBody = { contentType: ContentType.application, applicationData: bytes('hi') };

describe('application data', () => {
  it('is not made into a PublicMessage [R6-01]', async () => {
    const [alice] = await acquainted();
    const before = snapshot(alice);
    const { suite, groupContext, signaturePrivateKey } = alice.group.state;
    const content = contentOf(alice, application);
    expect(() =>
      signContent({ suite, groupContext }, WireFormat.publicMessage, content, signaturePrivateKey),
    ).toThrow(expect.objectContaining({ code: 'APPLICATION_DATA_IN_PUBLIC', requirement: 'R6-01' }));
    expect(snapshot(alice)).toBe(before);
    await expectGoesOn(alice, [alice]);
  });

  it('in a PublicMessage decodes, but is refused with a valid signature and tag too [R6-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    const message = forgePublic(alice, contentOf(alice, application));
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
    await expectRefused(bob, message, 'APPLICATION_DATA_IN_PUBLIC', 'R6-01');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('handshake messages', () => {
  const formats: [string, ContentWireFormat, ContentWireFormat][] = [
    ['all encrypted', WireFormat.privateMessage, WireFormat.privateMessage],
    ['all in the open', WireFormat.publicMessage, WireFormat.publicMessage],
    ['proposals in the open, commits encrypted', WireFormat.publicMessage, WireFormat.privateMessage],
    ['proposals encrypted, commits in the open', WireFormat.privateMessage, WireFormat.publicMessage],
  ];

  it.each(formats)('work %s [R6-02]', async (_title, ofProposals, ofCommits) => {
    const [alice, bob, carol] = await trio();
    const framing = { wireFormat: ofProposals, authenticatedData: empty };
    const update = await bob.group.proposeUpdate(framing);
    const dave = joiner(party('dave'));
    const add = await carol.group.propose(addOf(dave), framing);
    expect([update.wireFormat, add.wireFormat]).toEqual([ofProposals, ofProposals]);
    await announce(update, alice, carol);
    await announce(add, alice, bob);
    const { message, welcome, staged } = await alice.group.commit({ wireFormat: ofCommits });
    expect(message.wireFormat).toBe(ofCommits);
    alice.group.drop(staged);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const all = await commitBy(alice, [alice, bob, carol], { wireFormat: ofCommits });
    expectAgreement(all);
    await expectConversation(all);
  });

  it('are encrypted when nobody says otherwise [R6-02]', async () => {
    const [alice] = await trio();
    expect((await alice.group.commit()).message.wireFormat).toBe(WireFormat.privateMessage);
  });
});

describe('a message of the wrong kind', () => {
  it.each([0, 2, 0xffff])('of version %i does not decode [R6-03]', async (version) => {
    const [alice] = await trio();
    const encoded = encodeMessage(say(alice, 'hi'));
    expect(hex(encoded.subarray(0, 2))).toBe('0001');
    encoded.set([version >>> 8, version & 0xff], 0);
    expect(() => decodeMessage(encoded)).toThrow(expect.objectContaining({ code: 'UNKNOWN_VALUE' }));
  });

  it.each([0, 6, 0xf000])('of wire format %i does not decode [R6-04]', async (wireFormat) => {
    const [alice, bob] = await trio();
    const message = say(alice, 'hi');
    const encoded = encodeMessage(message);
    encoded.set([wireFormat >>> 8, wireFormat & 0xff], 2);
    expect(() => decodeMessage(encoded)).toThrow(expect.objectContaining({ code: 'UNKNOWN_VALUE' }));
    expect(await hear(bob, message)).toBe('hi');
  });

  it('is refused by a group: KeyPackage, GroupInfo, Welcome [R6-04]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { keyPackage } = keyPackageOf(alice.party);
    const groupInfo = invitation(alice);
    const { welcome, staged } = await alice.group.commit({ proposals: [addOf(joiner(party('dave')))] });
    alice.group.drop(staged);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const kinds = [
      { wireFormat: WireFormat.keyPackage, keyPackage },
      { wireFormat: WireFormat.groupInfo, groupInfo },
      { wireFormat: WireFormat.welcome, welcome },
    ] as const;
    for (const message of kinds) await expectRefused(bob, message, 'UNSUPPORTED_WIRE_FORMAT', 'R6-04');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('numbers the five wire formats from 1 to 5 [R6-04]', async () => {
    const alice = await found(party('alice'));
    const dave = joiner(party('dave'));
    const { message, welcome, staged } = await alice.group.commit({
      proposals: [addOf(dave)],
      wireFormat: WireFormat.publicMessage,
    });
    alice.group.keep(staged);
    if (welcome === undefined) throw new Error('a Welcome expected');
    await join(dave, { wireFormat: WireFormat.welcome, welcome });
    const headers = [
      message,
      say(alice, 'hi'),
      { wireFormat: WireFormat.welcome, welcome } as const,
      { wireFormat: WireFormat.groupInfo, groupInfo: invitation(alice) } as const,
      { wireFormat: WireFormat.keyPackage, keyPackage: dave.keyPackage.keyPackage } as const,
    ].map((one) => hex(encodeMessage(one).subarray(0, 4)));
    expect(headers).toEqual(['00010001', '00010002', '00010003', '00010004', '00010005']);
  });
});

describe('a sender', () => {
  it('is written with its kind, and its place where it has one [R6-05]', () => {
    const leafIndex = toLeafIndex(0x0102_0304);
    expect(hex(encode(Sender, { senderType: SenderType.member, leafIndex }))).toBe('0101020304');
    expect(hex(encode(Sender, { senderType: SenderType.external, senderIndex: 5 }))).toBe('0200000005');
    expect(hex(encode(Sender, { senderType: SenderType.newMemberProposal }))).toBe('03');
    expect(hex(encode(Sender, { senderType: SenderType.newMemberCommit }))).toBe('04');
  });

  it('outside of the group cannot send a PrivateMessage [R6-06]', async () => {
    const [alice] = await acquainted();
    const before = snapshot(alice);
    const senders: Sender[] = [
      { senderType: SenderType.external, senderIndex: 0 },
      { senderType: SenderType.newMemberProposal },
      { senderType: SenderType.newMemberCommit },
    ];
    const body: ContentBody = { contentType: ContentType.proposal, proposal: removeOf(alice) };
    for (const sender of senders) {
      const content = contentOf(alice, body, { sender });
      const auth = { signature: empty, confirmationTag: undefined };
      expect(() => protectPrivate(sendingKeys(alice.group.state, defaultPolicy), { content, auth })).toThrow(
        expect.objectContaining({ code: 'SENDER_NOT_ALLOWED', requirement: 'R6.3.2-01' }),
      );
    }
    expect(snapshot(alice)).toBe(before);
  });
});

describe('a group', () => {
  it('refuses what is meant for another one, signed by a common member [R6-07]', async () => {
    const [alice, bob, carol] = await acquainted();
    const elsewhere = bytes('another group');
    const content = contentOf(alice, { contentType: ContentType.proposal, proposal: removeOf(carol) });
    const message = forgePublic(alice, { ...content, groupId: elsewhere });
    await expectRefused(bob, message, 'WRONG_GROUP', 'R6-07');
    await expectRefused(bob, say(await found(alice.party), 'hi'), 'WRONG_GROUP', 'R6-07');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('FramedContent', () => {
  it('is written as group, epoch, sender, authenticated data, type and body [R6-08]', () => {
    const content: FramedContent = {
      groupId: Uint8Array.of(0xaa, 0xbb),
      epoch: 0x0102_0304_0506_0708n,
      sender: { senderType: SenderType.member, leafIndex: toLeafIndex(9) },
      authenticatedData: Uint8Array.of(0xcc),
      body: { contentType: ContentType.application, applicationData: Uint8Array.of(0xdd, 0xee, 0xff) },
    };
    const expected = ['02aabb', '0102030405060708', '0100000009', '01cc', '01', '03ddeeff'].join('');
    expect(hex(encode(FramedContent, content))).toBe(expected);
    const proposal = { proposalType: 3, removed: toLeafIndex(7) } as const;
    const proposed = { ...content, body: { contentType: ContentType.proposal, proposal } } as const;
    expect(hex(encode(FramedContent, proposed))).toBe(
      ['02aabb', '0102030405060708', '0100000009', '01cc', '02', '000300000007'].join(''),
    );
  });
});
