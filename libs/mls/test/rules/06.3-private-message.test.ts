import { describe, expect, it } from '@jest/globals';

import { encode, opaque } from '@canopy/codec';

import { framedContentAuthData } from '../../src/framing/authentication.ts';
import { ContentType, type ContentBody } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import {
  encodePrivateContent,
  PrivateContentAAD,
  PrivateMessage,
} from '../../src/framing/private-message.ts';
import { defaultPolicy, type Padding } from '../../src/policy.ts';
import { WireFormat } from '../../src/registries.ts';
import { altered, forgePrivate, openByHand, privateOf } from '../forge-private.ts';
import {
  bytes,
  commitBy,
  empty,
  follow,
  hear,
  receive,
  removeOf,
  restarted,
  say,
  suite1,
  trio,
  type Peer,
} from '../parties.ts';
import { isZero } from '../recording-suite.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';

const application: ContentBody = { contentType: ContentType.application, applicationData: bytes('hi') };
const removal = (peer: Peer): ContentBody => ({
  contentType: ContentType.proposal,
  proposal: removeOf(peer),
});
const padded = (padding: Padding): { options: { policy: typeof defaultPolicy } } => ({
  options: { policy: { ...defaultPolicy, padding } },
});

describe('PrivateMessage', () => {
  it('is written as group, epoch, type, authenticated data, sender data and ciphertext [R6.3-01]', () => {
    const message: PrivateMessage = {
      groupId: Uint8Array.of(0xaa),
      epoch: 0x0102_0304_0506_0708n,
      contentType: ContentType.commit,
      authenticatedData: Uint8Array.of(0xbb),
      encryptedSenderData: Uint8Array.of(0xcc, 0xcd),
      ciphertext: Uint8Array.of(0xdd),
    };
    expect(hex(encode(PrivateMessage, message))).toBe('01aa01020304050607080301bb02cccd01dd');
  });

  it('holds the body without its type, what authenticates it, and padding to its end [R6.3.1-01]', () => {
    const signature = Uint8Array.of(9, 9);
    const confirmationTag = Uint8Array.of(8);
    const bodies: [ContentBody, string][] = [
      [application, '026869'],
      [{ contentType: ContentType.proposal, proposal: { proposalType: 6, kemOutput: empty } }, '000600'],
      [{ contentType: ContentType.commit, commit: { proposals: [], path: undefined } }, '0000'],
    ];
    for (const [body, expected] of bodies) {
      const tag = body.contentType === ContentType.commit ? '0108' : '';
      const encoded = encodePrivateContent(
        { body, auth: { signature, confirmationTag } },
        (length) => length + 3,
      );
      expect(hex(encoded)).toBe(`${expected}020909${tag}000000`);
    }
  });

  it('is refused when its content is none, or ends too early [R6.3.1-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    for (const plaintext of [empty, Uint8Array.of(0xff), new Uint8Array(1), Uint8Array.of(2, 1)]) {
      const message = forgePrivate(alice, { body: application, change: () => plaintext });
      await expectRefused(bob, message, 'DECRYPTION_FAILED', 'R6.3.1-04');
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('padding', () => {
  const paddings: [string, Padding, number][] = [
    ['no bytes', { kind: 'none' }, 1],
    ['blocks of 1', { kind: 'block', size: 1 }, 1],
    ['blocks of 255', { kind: 'block', size: 255 }, 255],
    ['blocks of 64 KiB', { kind: 'block', size: 65_536 }, 65_536],
    ['Padmé', { kind: 'padme' }, 8],
  ];

  it.each(paddings)('is zeros, with %s [R6.3.1-02]', async (_title, padding, multiple) => {
    const [alice, bob] = await trio(padded(padding));
    const body = { contentType: ContentType.application, applicationData: bytes('some words') } as const;
    const message = say(alice, 'some words');
    const { plaintext } = openByHand(bob, message);
    const used =
      encode(opaque, body.applicationData).length +
      encode(framedContentAuthData(ContentType.application), {
        signature: new Uint8Array(64),
        confirmationTag: undefined,
      }).length;
    expect(plaintext.length % multiple).toBe(0);
    expect(plaintext.length - used).toBeLessThan(multiple);
    expect(plaintext.subarray(used).every((byte) => byte === 0)).toBe(true);
    expect(await hear(bob, message)).toBe('some words');
  });

  it.each([0, 30, 61])('that is not zero at place %i of 62 is refused [R6.3.1-03]', async (at) => {
    const [alice, bob, carol] = await acquainted();
    const pad =
      (value: number) =>
      (plaintext: Uint8Array): Uint8Array => {
        const longer = new Uint8Array(plaintext.length + 62);
        longer.set(plaintext);
        longer[plaintext.length + at] = value;
        return longer;
      };
    for (const value of [1, 0x80]) {
      const message = forgePrivate(alice, { body: application, change: pad(value) });
      await expectRefused(bob, message, 'INVALID_PADDING', 'R6.3.1-03');
      const proposal = forgePrivate(alice, { body: removal(carol), change: pad(value) });
      await expectRefused(bob, proposal, 'INVALID_PADDING', 'R6.3.1-03');
    }
    const zeros = forgePrivate(alice, { body: application, change: pad(0) });
    expect(await receive(restarted(bob), zeros)).toMatchObject({ kind: 'application' });
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('the key of a message', () => {
  it("is of the sender's ratchet for its kind of content: the other one does not open it [R6.3.1-04]", async () => {
    const [alice, bob, carol] = await acquainted();
    const commit: ContentBody = {
      contentType: ContentType.commit,
      commit: { proposals: [], path: undefined },
    };
    const swapped = [
      forgePrivate(alice, { body: removal(carol), ratchet: 'application' }),
      forgePrivate(alice, { body: commit, ratchet: 'application' }),
      // Generation 0 of the application ratchet is used up.
      forgePrivate(alice, { body: application, ratchet: 'handshake', generation: 1 }),
    ];
    for (const message of swapped) await expectRefused(bob, message, 'DECRYPTION_FAILED', 'R6.3.1-04');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is never used again: not after a restart, a dropped commit or a refusal [R6.3.1-05, R9.1-02]', async () => {
    const [start, bob] = await trio();
    let alice = start;
    const sent: MLSMessage[] = [];
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };
    for (let round = 0; round < 3; round++) {
      sent.push(say(alice, 'same'), say(alice, 'same'));
      const { message, staged } = await alice.group.commit();
      alice.group.drop(staged);
      sent.push(message);
      alice = restarted(alice);
    }
    sent.push(await alice.group.propose(removeOf(bob), framing));
    expect(() => say(alice, 'not now')).toThrow(expect.objectContaining({ code: 'PROPOSALS_PENDING' }));
    const used = sent.map((message) => {
      const { contentType } = privateOf(message);
      const { generation } = openByHand(bob, message).senderData;
      return `${contentType === ContentType.application ? 'application' : 'handshake'} ${generation}`;
    });
    expect(new Set(used).size).toBe(10);
    expect(used.toSorted()).toEqual([
      ...Array.from({ length: 6 }, (_, at) => `application ${at}`),
      ...Array.from({ length: 4 }, (_, at) => `handshake ${at}`),
    ]);
  });

  it('has its nonce changed by a fresh guard in the first four bytes, which is sent [R6.3.1-06]', async () => {
    const [alice, bob] = await trio();
    const guards = Array.from({ length: 8 }, () => {
      const message = say(alice, 'same');
      const { senderData, messageKey, nonce, aad, plaintext } = openByHand(bob, message);
      const sealed = alice.group.suite.aead.seal(messageKey.key, nonce, aad, plaintext);
      expect(sealed).toEqual(privateOf(message).ciphertext);
      expect(nonce.subarray(4)).toEqual(messageKey.nonce.subarray(4));
      return hex(senderData.reuseGuard);
    });
    expect(guards.every((guard) => guard.length === 8)).toBe(true);
    expect(new Set(guards).size).toBe(8);
  });
});

describe('the nonce that a message is opened with', () => {
  it('is a copy, which is overwritten when the message was opened, or not [R9.2-01]', async () => {
    const nonces: Uint8Array[] = [];
    const { aead } = suite1;
    const open: typeof aead.open = (key, nonce, aad, ciphertext) => {
      nonces.push(nonce);
      return aead.open(key, nonce, aad, ciphertext);
    };
    const [alice, bob] = await trio({ suite: { ...suite1, aead: { ...aead, open } } });
    const message = say(alice, 'hi');
    const ciphertext = Uint8Array.from(privateOf(message).ciphertext, (byte, at) =>
      at === 50 ? byte ^ 1 : byte,
    );
    nonces.length = 0;
    await expectRefused(bob, altered(message, { ciphertext }), 'DECRYPTION_FAILED');
    expect(await hear(bob, message)).toBe('hi');
    // Sender data and content, twice.
    expect(nonces).toHaveLength(4);
    expect(nonces.every(isZero)).toBe(true);
  });
});

describe('the header of a PrivateMessage', () => {
  it('is what the encryption binds: group, epoch, type, authenticated data [R6.3.1-07]', () => {
    const header = {
      groupId: Uint8Array.of(0xaa),
      epoch: 7n,
      contentType: ContentType.proposal,
      authenticatedData: Uint8Array.of(0xbb, 0xbc),
    };
    expect(hex(encode(PrivateContentAAD, header))).toBe('01aa00000000000000070202bbbc');
  });

  it('is authenticated with the content, every field of it [R6.3.1-07]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { groupId, epoch } = alice.group.state.groupContext;
    await commitBy(carol, [alice, bob, carol]);
    const message = alice.group.protect({ applicationData: bytes('hi'), authenticatedData: bytes('seen') });
    const { proposal, commit } = ContentType;
    const fields: [Partial<PrivateMessage>, string][] = [
      [{ authenticatedData: bytes('Seen') }, 'DECRYPTION_FAILED'],
      [{ authenticatedData: empty }, 'DECRYPTION_FAILED'],
      [{ contentType: proposal }, 'DECRYPTION_FAILED'],
      [{ contentType: commit }, 'DECRYPTION_FAILED'],
      [{ epoch }, 'DECRYPTION_FAILED'],
      [{ epoch: epoch + 5n }, 'WRONG_EPOCH'],
      [{ groupId: groupId.map((byte) => byte ^ 1) }, 'WRONG_GROUP'],
    ];
    for (const [change, code] of fields) await expectRefused(bob, altered(message, change), code);
    // The sender data is bound to the type that is announced, so only the content's own binding is left to object.
    const renamed = forgePrivate(alice, { body: removal(carol), announced: commit, senderDataFor: commit });
    await expectRefused(bob, renamed, 'DECRYPTION_FAILED', 'R6.3.1-04');
    expect(await hear(bob, message)).toBe('hi');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('the signature inside of a PrivateMessage', () => {
  it('is the one of the sender that the sender data names [R6.3.1-08]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { signaturePrivateKey } = carol.group.state;
    for (const body of [application, removal(carol)]) {
      const message = forgePrivate(alice, { body, signaturePrivateKey });
      await expectRefused(bob, message, 'INVALID_SIGNATURE', 'R6.1-09');
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('comes with the confirmation tag of a commit, which is checked too [R6.3.1-08, R6.1-12]', async () => {
    const [alice, bob, carol] = await acquainted();
    const commit: ContentBody = {
      contentType: ContentType.commit,
      commit: { proposals: [{ type: 1, proposal: removeOf(carol) }], path: undefined },
    };
    await expectRefused(bob, forgePrivate(alice, { body: commit }), 'PATH_REQUIRED');
    const { message, staged } = await alice.group.commit();
    await follow(bob, message);
    await follow(carol, message);
    alice.group.keep(staged);
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});
