import { describe, expect, it } from '@jest/globals';

import { decode, encode, opaque, uint16 } from '@canopy/codec';

import { Extensions } from '../../src/extensions/extension.ts';
import { decodeMessage, encodeMessage } from '../../src/framing/message.ts';
import { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType } from '../../src/registries.ts';
import { bytes, empty, snapshot, suite1, trio } from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import {
  byValue,
  expectNotCommitted,
  expectNotProposed,
  forgeProposal,
  pathless,
  publicly,
  reinitTo,
  settle,
} from './12.1-proposals.ts';

describe('a ReInit', () => {
  it('to an older version is refused on both sides, alone and in a commit [R12.1.5-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    const older = reinitTo(1, 0);
    await expectNotProposed(alice, older, 'INVALID_PROPOSAL', 'R12.1.5-01');
    await expectNotCommitted(alice, { proposals: [older] }, 'INVALID_PROPOSAL', 'R12.1.5-01');
    await expectRefused(bob, forgeProposal(alice, older), 'INVALID_PROPOSAL', 'R12.1.5-01');
    expect(bob.group.state.proposals).toEqual([]);
    await expectRefused(bob, pathless(alice, byValue(older)), 'INVALID_PROPOSAL', 'R12.1.5-01');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is group id, version, suite and extensions on the wire [R12.1.5-02]', () => {
    const groupId = bytes('next');
    const extensions = [{ extensionType: 0xf001, extensionData: bytes('data') }];
    const reinit = { proposalType: ProposalType.reinit, groupId, version: 1, cipherSuite: 3, extensions };
    const parts = [
      encode(uint16, 5),
      encode(opaque, groupId),
      encode(uint16, 1),
      encode(uint16, 3),
      encode(Extensions, extensions),
    ];
    const encoded = encode(Proposal, reinit);
    expect(Buffer.from(encoded).equals(Buffer.concat(parts))).toBe(true);
    expect(decode(Proposal, encoded)).toEqual(reinit);
  });

  it('with an extension type twice is neither made nor read [R12.1.5-02]', async () => {
    const all = await trio();
    const [alice, bob] = all;
    const twice = [1, 2].map((value) => ({ extensionType: 0xf001, extensionData: Uint8Array.of(value) }));
    const reinit = { proposalType: ProposalType.reinit, groupId: empty, version: 1, cipherSuite: 1 };
    const malformed = expect.objectContaining({ name: 'CodecError' });
    const before = snapshot(alice);
    const bad = { ...reinit, extensions: twice };
    await expect(alice.group.propose(bad, publicly)).rejects.toEqual(malformed);
    await expect(alice.group.commit({ proposals: [bad] })).rejects.toEqual(malformed);
    expect(snapshot(alice)).toBe(before);
    const different = [0xf001, 0xf002].map((extensionType) => ({ extensionType, extensionData: empty }));
    const good = encodeMessage(forgeProposal(alice, { ...reinit, extensions: different }));
    const at = Buffer.from(good).indexOf(Buffer.from([0xf0, 0x02, 0x00]));
    expect(decodeMessage(good).wireFormat).toBe(1);
    expect(() => decodeMessage(good.with(at + 1, 0x01))).toThrow(malformed);
    expect(await settle(alice, all)).toEqual([]);
    expect(bob.group.epoch).toBe(2n);
  });

  it('to a suite or version that the sender itself does not know is not made by it [R12.1.5-03]', async () => {
    const all = await trio();
    const [alice] = all;
    for (const reinit of [reinitTo(0xf000), reinitTo(1, 2)]) {
      await expectNotProposed(alice, reinit, 'WRONG_CIPHER_SUITE', 'R12.1.5-03');
      await expectNotCommitted(alice, { proposals: [reinit] }, 'WRONG_CIPHER_SUITE', 'R12.1.5-03');
    }
    expect(await settle(alice, all)).toEqual([]);
  });
});

describe('an ExternalInit', () => {
  it('of a member is refused on both sides, alone and in a commit [R12.1.6-01, R12.2-13]', async () => {
    const [alice, bob, carol] = await acquainted();
    const init = { proposalType: ProposalType.externalInit, kemOutput: suite1.random(32) };
    await expectNotProposed(alice, init, 'INVALID_PROPOSAL', 'R12.1.6-01');
    await expectNotCommitted(alice, { proposals: [init] }, 'INVALID_PROPOSAL', 'R12.1.6-01');
    await expectRefused(bob, forgeProposal(alice, init), 'INVALID_PROPOSAL', 'R12.1.6-01');
    expect(bob.group.state.proposals).toEqual([]);
    const committed = pathless(alice, byValue(init));
    await expectRefused(bob, committed, 'INVALID_PROPOSAL_LIST', 'R12.2-13');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('is its type and the output of the KEM on the wire [R12.1.6-01]', () => {
    const kemOutput = suite1.random(32);
    const encoded = encode(Proposal, { proposalType: ProposalType.externalInit, kemOutput });
    expect(Buffer.from(encoded).equals(Buffer.concat([encode(uint16, 6), encode(opaque, kemOutput)]))).toBe(
      true,
    );
  });
});
