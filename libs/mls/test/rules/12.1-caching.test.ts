import { describe, expect, it } from '@jest/globals';

import { decode, encode } from '@canopy/codec';
import { makeProposalRef } from '@canopy/crypto';

import { AuthenticatedContent } from '../../src/framing/authentication.ts';
import { decodeMessage, encodeMessage } from '../../src/framing/message.ts';
import { Proposal } from '../../src/proposals/proposal.ts';
import { forge, publicOf } from '../forge.ts';
import {
  commitBy,
  empty,
  expectAgreement,
  groupOf,
  receive,
  removeOf,
  restarted,
  suite1,
  trio,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';
import {
  byReference,
  byValue,
  forgeProposal,
  listing,
  pathless,
  publicly,
  removeLeaf,
} from './12.1-proposals.ts';

describe('a proposal that was received', () => {
  it('is kept under its reference, over a restart too, and can be committed [R12.1-01]', async () => {
    const [alice, bob, carol] = await trio();
    const message = await bob.group.propose(removeOf(carol), publicly);
    const { content, auth } = publicOf(message);
    const wireFormat = message.wireFormat;
    const authenticated = encode(AuthenticatedContent, { wireFormat: 1, content, auth });
    expect(wireFormat).toBe(1);
    const reference = hex(makeProposalRef(suite1, authenticated));
    await receive(carol, message);
    expect(await receive(alice, message)).toMatchObject({ kind: 'proposal', proposal: removeOf(carol) });
    for (const { group } of [alice, bob, restarted(alice)]) {
      expect(group.state.proposals.map((cached) => hex(cached.reference))).toEqual([reference]);
    }
    const members = await commitBy(restarted(alice), [alice, bob, carol].slice(1));
    expect(members).toEqual([bob]);
  });

  it('is not kept when its signature is not that of its sender [R12.1-01]', async () => {
    const all = await acquainted();
    const [alice, bob, carol] = all;
    const { signaturePrivateKey } = carol.group.state;
    const body = publicOf(forgeProposal(alice, removeLeaf(2))).content.body;
    const forged = forge(alice, body, { signaturePrivateKey });
    await expectRefused(bob, forged, 'INVALID_SIGNATURE', 'R6.1-09');
    expect(bob.group.state.proposals).toEqual([]);
    await expectGoesOn(alice, all);
  });

  it.each([-1n, 1n])('is not kept when its epoch is the current one %i [R12.1-01]', async (difference) => {
    const all = await acquainted();
    const [alice, bob] = all;
    const body = publicOf(forgeProposal(alice, removeLeaf(2))).content.body;
    const epoch = alice.group.epoch + difference;
    await expectRefused(bob, forge(alice, body, { content: { epoch } }), 'WRONG_EPOCH', 'R12.4.2-01');
    expect(bob.group.state.proposals).toEqual([]);
    await expectGoesOn(alice, all);
  });

  it('is forgotten with its epoch: no later commit can refer to it [R12.1-02]', async () => {
    const all = await acquainted();
    const [alice, bob, carol] = all;
    await receive(carol, await bob.group.propose(removeOf(alice), publicly));
    const message = await bob.group.propose(removeOf(carol), publicly);
    for (const peer of [alice, carol]) await receive(peer, message);
    const [reference = empty] = alice.group.state.proposals.map((cached) => cached.reference);
    await commitBy(alice, all, { includeReceived: false });
    for (const { group } of all) expect(group.state.proposals).toEqual([]);
    const late = await listing(alice, byReference(reference));
    await expectRefused(bob, late, 'UNKNOWN_PROPOSAL_REFERENCE', 'R12.4-04');
    await expectGoesOn(alice, all);
  });
});

describe('a proposal of a type that nobody knows', () => {
  const types = [0, 8, 0x0a0a, 0xf001];
  const malformed = expect.objectContaining({ name: 'CodecError' });
  const remove = encode(Proposal, removeLeaf(2));

  /** The bytes of a message in which the type of its one Remove of leaf 2 is another. */
  function retyped(message: Uint8Array, type: number): Uint8Array {
    const at = Buffer.from(message).indexOf(remove);
    if (at < 0) throw new Error('the proposal expected in it');
    return message.with(at, type >>> 8).with(at + 1, type & 0xff);
  }

  it.each(types)('%i has no known length, so it does not decode [R12.1-03]', (type) => {
    expect(() => decode(Proposal, remove.with(0, type >>> 8).with(1, type & 0xff))).toThrow(malformed);
  });

  it.each(types)(
    '%i is not read, alone or in a commit, whatever members say that they support [R12.1-03, R12.2-14]',
    async (type) => {
      const all = await groupOf(['alice', 'bob', 'carol'], {
        capabilities: { proposals: [0x0a0a, 0xf001] },
      });
      const [alice] = all;
      if (alice === undefined) throw new Error('three expected');
      for (const message of [
        forgeProposal(alice, removeLeaf(2)),
        pathless(alice, byValue(removeLeaf(2))),
        await listing(alice, byValue(removeLeaf(2))),
      ]) {
        const bytes = encodeMessage(message);
        expect(decodeMessage(bytes).wireFormat).toBe(1);
        expect(() => decodeMessage(retyped(bytes, type))).toThrow(malformed);
      }
      expectAgreement(await commitBy(alice, all));
    },
  );
});

describe('the epochs of a group', () => {
  it('are counted from 0, one more with each commit [R12.1-04]', async () => {
    const [alice] = await groupOf(['alice']);
    if (alice === undefined) throw new Error('one expected');
    for (const epoch of [0n, 1n, 2n]) {
      expect(alice.group.epoch).toBe(epoch);
      await commitBy(alice, [alice]);
    }
  });
});
