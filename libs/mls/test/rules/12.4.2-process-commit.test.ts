import { describe, expect, it } from '@jest/globals';

import { ContentType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { WireFormat } from '../../src/registries.ts';
import { commitIn, forge, forgeCommit, forgePath, publicOf } from '../forge.ts';
import { enter } from '../outsider.ts';
import {
  announce,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  receive,
  refusal,
  removeOf,
  restarted,
  say,
  stage,
  storedWithoutRatchets,
  suite1,
  type Peer,
} from '../parties.ts';
import { byValue, removeLeaf } from './12.1-proposals.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';

const formats = [
  { name: 'PublicMessage', wireFormat: WireFormat.publicMessage },
  { name: 'PrivateMessage', wireFormat: WireFormat.privateMessage },
] as const;

/** A commit that is good but for how it is framed. */
const framed = (peer: Peer, how: Parameters<typeof forgeCommit>[3]): Promise<MLSMessage> =>
  forgeCommit(peer, (commit) => commit, {}, how);

const flip = (secret: Uint8Array | undefined): Uint8Array => {
  const last = (secret?.length ?? 0) - 1;
  return (secret ?? empty).with(last, (secret?.[last] ?? 0) ^ 1);
};

describe.each(formats)('a commit as $name', ({ wireFormat }) => {
  it('is refused in every epoch but the current one [R12.4.2-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    const early = await alice.group.commit({ wireFormat });
    alice.group.drop(early.staged);
    await commitBy(carol, [alice, bob, carol]);
    await expectRefused(bob, early.message, 'WRONG_EPOCH', 'R12.4.2-01');
    for (const epoch of [0n, 1n, 3n, 2n ** 64n - 1n]) {
      const message = await framed(alice, { wireFormat, content: { epoch } });
      await expectRefused(bob, message, 'WRONG_EPOCH', 'R12.4.2-01');
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is refused when the signature is not that of the sender [R12.4.2-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    for (const { privateKey } of [
      carol.party.identity.signatureKeyPair,
      suite1.signature.generateKeyPair(),
    ]) {
      const message = await framed(alice, { wireFormat, signaturePrivateKey: privateKey });
      await expectRefused(bob, message, 'INVALID_SIGNATURE', 'R6.1-09');
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is refused when it was not protected with the keys of the epoch [R12.4.2-02]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit({ wireFormat });
    if (message.wireFormat === WireFormat.publicMessage) {
      const { publicMessage } = message;
      const membershipTag = flip(publicMessage.membershipTag);
      const forged = { ...message, publicMessage: { ...publicMessage, membershipTag } };
      await expectRefused(bob, forged, 'INVALID_MEMBERSHIP_TAG', 'R6.2-02');
    }
    if (message.wireFormat === WireFormat.privateMessage) {
      const { privateMessage } = message;
      const ciphertext = flip(privateMessage.ciphertext);
      const forged = { ...message, privateMessage: { ...privateMessage, ciphertext } };
      await expectRefused(bob, forged, 'DECRYPTION_FAILED', 'R6.3.1-04');
    }
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([alice, bob, carol]);
  });

  it('that removes the receiver is recognised, and the last that it follows [R12.4.2-16]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit({ proposals: [removeOf(bob)], wireFormat });
    const before = storedWithoutRatchets(bob);
    const own = await stage(bob, message);
    expect(own.effects).toMatchObject({ selfRemoved: true, committer: 0 });
    // The ratchet of a PrivateMessage has moved, nothing else.
    expect(storedWithoutRatchets(bob)).toEqual(before);
    bob.group.keep(own);
    expect(bob.group.state.status).toEqual({ kind: 'removed' });
    expect(() => say(bob, 'hello?')).toThrow(
      expect.objectContaining({ code: 'GROUP_ENDED', requirement: 'R12.4.2-16' }),
    );
    await expect(bob.group.commit()).rejects.toMatchObject({ requirement: 'R12.4.2-16' });
    alice.group.keep(staged);
    await follow(carol, message);
    await expect(receive(bob, say(alice, 'gone?'))).rejects.toEqual(refusal('GROUP_ENDED'));
    expect(restarted(bob).group.state.status).toEqual({ kind: 'removed' });
    await expectConversation([alice, carol]);
  });

  it('that removes the receiver is refused like any other when the rest of it is not right [R12.4.2-16, R12.4.2-13]', async () => {
    const [alice, bob, carol] = await acquainted();
    const request = { proposals: [removeOf(bob)] };
    const short = forgePath(alice, (path) => ({ ...path, nodes: path.nodes.slice(1) }), request, {
      wireFormat,
    });
    await expectRefused(bob, await short, 'INVALID_PATH', 'R7.6-01');
    const two = await forgeCommit(
      alice,
      (commit) => ({ ...commit, proposals: [...commit.proposals, byValue(removeLeaf(7))] }),
      request,
      { wireFormat },
    );
    await expectRefused(bob, two, 'UNKNOWN_LEAF', 'R12.1.3-01');
    const commit = { proposals: [byValue(removeOf(bob))], path: undefined };
    const pathless = forge(alice, { contentType: ContentType.commit, commit }, { wireFormat });
    await expectRefused(bob, pathless, 'PATH_REQUIRED', 'R12.4-10');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('of its own is not processed: the one that waits is given, a forgotten one refused [R12.4.2-17]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { message, staged } = await alice.group.commit({ wireFormat });
    const echo = await stage(alice, message);
    expect(echo).toBe(staged);
    await expectRefused(restarted(alice), message, 'OWN_MESSAGE', 'R12.4.2-17');
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    await expectRefused(alice, message, 'WRONG_EPOCH');
    expectAgreement([alice, bob, carol]);
  });
});

describe('a commit that was staged', () => {
  it('with new keys of others gives the keys to those they are for [R12.4.2-11, R12.4.2-14]', async () => {
    const [alice, bob, carol] = await acquainted();
    const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
    await announce(await bob.group.proposeUpdate(framing), alice, carol);
    await commitBy(carol, [alice, bob, carol]);
    const { message } = await enter(alice.party, bob, { resync: alice.group.state.ownLeafIndex });
    expect(commitIn(message).proposals).toHaveLength(2);
    expect(publicOf(message).membershipTag).toBeUndefined();
    expect((await follow(alice, message)).effects).toMatchObject({ selfRemoved: true, joined: true });
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([bob, carol]);
    await expectConversation([bob, carol]);
  });
});
