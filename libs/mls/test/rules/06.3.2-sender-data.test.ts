import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';
import { expandWithLabel, getCipherSuite } from '@canopy/crypto';

import { ContentType, SenderType, type ContentBody } from '../../src/framing/content.ts';
import { protectPrivate } from '../../src/framing/protect.ts';
import { openSenderData, SenderData, senderDataKey } from '../../src/framing/sender-data.ts';
import { sendingKeys } from '../../src/group/state.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { WireFormat } from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { forgePrivate, privateOf } from '../forge-private.ts';
import { contentOf } from '../forge.ts';
import {
  bytes,
  commitBy,
  empty,
  hear,
  receive,
  refusal,
  removeOf,
  say,
  snapshot,
  trio,
  type Peer,
} from '../parties.ts';
import { recordingSuite } from '../recording-suite.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';

const application: ContentBody = { contentType: ContentType.application, applicationData: bytes('hi') };
const removal = (peer: Peer): ContentBody => ({
  contentType: ContentType.proposal,
  proposal: removeOf(peer),
});

describe('sender data', () => {
  it('is written as leaf, generation and reuse guard: 12 bytes [R6.3.2-06]', () => {
    const senderData: SenderData = {
      leafIndex: toLeafIndex(0x0102_0304),
      generation: 0x0506_0708,
      reuseGuard: Uint8Array.of(9, 10, 11, 12),
    };
    expect(hex(encode(SenderData, senderData))).toBe('0102030405060708090a0b0c');
  });

  it('of another length is refused [R6.3.2-06]', async () => {
    const [alice, bob, carol] = await acquainted();
    const lengths: ((plaintext: Uint8Array) => Uint8Array)[] = [
      (plaintext) => Uint8Array.of(...plaintext, 0),
      (plaintext) => plaintext.subarray(0, 11),
      () => empty,
    ];
    for (const changeSenderData of lengths) {
      const message = forgePrivate(alice, { body: application, changeSenderData });
      await expectRefused(bob, message, 'DECRYPTION_FAILED');
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('names the member that sends, and nobody else can be named [R6.3.2-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    for (const peer of [alice, carol]) {
      const { suite, state } = bob.group;
      const message = privateOf(say(peer, 'hi'));
      const { leafIndex } = openSenderData(suite, state.secrets.senderDataSecret, message);
      expect(leafIndex).toBe(peer.group.state.ownLeafIndex);
    }
    const before = snapshot(alice);
    const sender = { senderType: SenderType.external, senderIndex: 0 };
    const auth = { signature: empty, confirmationTag: undefined };
    const content = contentOf(alice, removal(carol), { sender });
    expect(() => protectPrivate(sendingKeys(alice.group.state, defaultPolicy), { content, auth })).toThrow(
      expect.objectContaining({ code: 'SENDER_NOT_ALLOWED', requirement: 'R6.3.2-01' }),
    );
    expect(snapshot(alice)).toBe(before);
  });

  it.each([1, 4, 5, 7])('of suite %i has a key from the first hash-length bytes [R6.3.2-02]', (id) => {
    const suite = getCipherSuite(id);
    const secret = new Uint8Array(suite.kdf.size).fill(5);
    const ciphertext = Uint8Array.from({ length: 200 }, (_, at) => at);
    const context = ciphertext.subarray(0, suite.kdf.size);
    const expand = (label: string, length: number): Uint8Array =>
      expandWithLabel(suite, secret, { label, context, length });
    expect(senderDataKey(suite, secret, ciphertext)).toEqual({
      key: expand('key', suite.aead.keySize),
      nonce: expand('nonce', suite.aead.nonceSize),
    });
    const changed = Uint8Array.from(ciphertext, (byte, at) => (at === suite.kdf.size - 1 ? byte ^ 1 : byte));
    const beyond = Uint8Array.from(ciphertext, (byte, at) => (at === suite.kdf.size ? byte ^ 1 : byte));
    expect(senderDataKey(suite, secret, changed)).not.toEqual(senderDataKey(suite, secret, ciphertext));
    expect(senderDataKey(suite, secret, beyond)).toEqual(senderDataKey(suite, secret, ciphertext));
  });

  it.each([0, 1, 63, 64])('has a key from all %i bytes of a short ciphertext [R6.3.2-03]', (length) => {
    const suite = getCipherSuite(5);
    const secret = new Uint8Array(suite.kdf.size).fill(5);
    const context = new Uint8Array(length).fill(7);
    const key = expandWithLabel(suite, secret, { label: 'key', context, length: suite.aead.keySize });
    expect(senderDataKey(suite, secret, context).key).toEqual(key);
  });

  it('is bound to group, epoch and content type [R6.3.2-04]', async () => {
    const [alice, bob, carol] = await acquainted();
    const message = forgePrivate(alice, { body: application, senderDataFor: ContentType.proposal });
    await expectRefused(bob, message, 'DECRYPTION_FAILED');
    const { suite, state } = bob.group;
    const sent = privateOf(say(alice, 'hi'));
    const open = (change: Partial<typeof sent>): SenderData =>
      openSenderData(suite, state.secrets.senderDataSecret, { ...sent, ...change });
    expect(open({ authenticatedData: bytes('not covered') }).leafIndex).toBe(0);
    for (const change of [
      { contentType: ContentType.commit },
      { epoch: sent.epoch + 1n },
      { groupId: empty },
    ]) {
      expect(() => open(change)).toThrow(expect.objectContaining({ code: 'DECRYPTION_FAILED' }));
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('a sender that is no member', () => {
  const NOWHERE = [3, 4, 5, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

  it.each(NOWHERE)('like leaf %i is refused before any ratchet is touched (S1) [R6.3.2-05]', async (leaf) => {
    const { suite, secrets } = recordingSuite();
    // Nobody has spoken: any walk down the secret tree would leave its traces.
    const [alice, bob, carol] = await trio({ suite });
    const message = forgePrivate(alice, { body: application, leafIndex: leaf });
    secrets.clear();
    await expectRefused(bob, message, 'UNKNOWN_SENDER', 'R6.3.2-05');
    // Key and nonce of the sender data are all that was derived.
    expect(secrets.size).toBe(2);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('like a member that was removed is refused too [R6.3.2-05]', async () => {
    const [alice, bob, carol] = await acquainted();
    await commitBy(alice, [alice, bob, carol], { proposals: [removeOf(bob)] });
    const message = forgePrivate(alice, { body: application, leafIndex: 1 });
    await expectRefused(carol, message, 'UNKNOWN_SENDER', 'R6.3.2-05');
    await expectGoesOn(alice, [alice, carol]);
  });
});

describe('a forged or repeated message', () => {
  it('takes no key from the true one, of the next generation or a later one [R6.3.2-07]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { signaturePrivateKey } = carol.group.state;
    const forged = [
      forgePrivate(alice, { body: application, signaturePrivateKey }),
      forgePrivate(alice, { body: application, change: (plaintext) => plaintext.map((byte) => byte ^ 1) }),
      forgePrivate(alice, { body: application, generation: 3 }),
      forgePrivate(carol, { body: application, leafIndex: 0, generation: 1 }),
    ];
    const truth = [say(alice, 'one'), say(alice, 'two'), say(alice, 'three')] as const;
    for (const message of forged) {
      const before = snapshot(bob);
      await expect(receive(bob, message)).rejects.toMatchObject({ name: 'MlsError' });
      expect(snapshot(bob)).toBe(before);
    }
    expect(await hear(bob, truth[2])).toBe('three');
    await expectRefused(
      bob,
      forgePrivate(carol, { body: application, leafIndex: 0, generation: 1 }),
      'DECRYPTION_FAILED',
    );
    expect(await hear(bob, truth[0])).toBe('one');
    expect(await hear(bob, truth[1])).toBe('two');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is refused the second time: application data, proposal and commit [R6.3.2-08]', async () => {
    const [alice, bob, carol] = await acquainted();
    const said = say(alice, 'once');
    await hear(bob, said);
    await expectRefused(bob, said, 'GENERATION_CONSUMED', 'R6.3.2-08');
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };
    const update = await alice.group.proposeUpdate(framing);
    await receive(bob, update);
    await receive(carol, update);
    await expectRefused(bob, update, 'GENERATION_CONSUMED', 'R6.3.2-08');
    const { message, staged } = await carol.group.commit();
    const received = await receive(bob, message);
    if (received.kind !== 'commit') throw new Error('a commit expected');
    await expect(receive(bob, message)).rejects.toEqual(refusal('GENERATION_CONSUMED'));
    bob.group.keep(received.staged);
    carol.group.keep(staged);
    await expect(receive(bob, message)).rejects.toEqual(refusal('WRONG_EPOCH'));
    await expectGoesOn(carol, [bob, carol]);
  });
});
