import { createHash, createHmac } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';

import { ContentType, FramedContent, SenderType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { Group } from '../../src/group/group.ts';
import { unprotectMessage } from '../../src/group/process-message.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { LeafNodeSource } from '../../src/tree/leaf-node.ts';
import { commitIn, forge, pathIn } from '../forge.ts';
import { comeIn, enter, forgeEntry } from '../outsider.ts';
import {
  addOf,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  found,
  joiner,
  overTheWire,
  party,
  removeOf,
  snapshot,
  suite1,
  trio,
  type Peer,
} from '../parties.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';

const formats = [WireFormat.publicMessage, WireFormat.privateMessage] as const;
const LAST_EPOCH = 2n ** 64n - 1n;

/** The same member in an epoch with another number; the secrets are those that the members share anyway. */
function inEpoch({ party: who, group }: Peer, epoch: bigint): Peer {
  const { state } = group;
  const groupContext = { ...state.groupContext, epoch };
  return { party: who, group: new Group({ ...state, groupContext }, who.options) };
}

const hash = (...parts: readonly Uint8Array[]): string =>
  createHash('sha256').update(Buffer.concat(parts)).digest('hex');
const withLength = (value: Uint8Array): Uint8Array =>
  Uint8Array.from([...(value.length < 64 ? [value.length] : [0x40, value.length]), ...value]);

const forgeOutput = async (alice: Peer, kemOutput: Uint8Array): Promise<MLSMessage> => {
  const dave = party('dave');
  const entry = await enter(dave, alice);
  return forgeEntry(alice, { ...entry, who: dave }, (commit) => ({
    ...commit,
    proposals: [{ type: 1, proposal: { proposalType: ProposalType.externalInit, kemOutput } }],
  }));
};

const constant = ({ group }: Peer): unknown => {
  const { groupId, version, cipherSuite } = group.state.groupContext;
  return { groupId: hex(groupId), version, cipherSuite };
};

describe('the context of a group', () => {
  const extension = { extensionType: 0xf001, extensionData: bytes('what the group says') };
  const capable = { capabilities: { extensions: [0xf001] } };

  it('keeps id, version and suite through commits of all kinds, and its extensions but for one kind [R8.1-02, R8.1-04]', async () => {
    const alice = await found(party('alice', capable), { extensions: [extension] });
    const before = constant(alice);
    const extensions = (): unknown => alice.group.state.groupContext.extensions;
    const [, bob] = await commitBy(alice, [alice], {}, [joiner(party('bob', capable))]);
    if (bob === undefined) throw new Error('bob expected');
    const carol = await comeIn(party('carol', capable), [alice, bob]);
    const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
    const update = await carol.group.proposeUpdate(framing);
    for (const { group } of [alice, bob]) await group.process(overTheWire(update));
    await commitBy(alice, [alice, bob, carol]);
    await commitBy(bob, [alice, bob, carol], { forcePath: true });
    const left = await commitBy(carol, [alice, bob, carol], { proposals: [removeOf(bob)] });
    expect(left.map(constant)).toEqual([before, before]);
    expect(extensions()).toEqual([extension]);
    const other = { ...extension, extensionData: bytes('something else') };
    const replace: Proposal = { proposalType: ProposalType.groupContextExtensions, extensions: [other] };
    await commitBy(carol, left, { proposals: [replace] });
    expect(left.map(constant)).toEqual([before, before]);
    expect(extensions()).toEqual([other]);
    expectAgreement(left);
  });

  it('has no epoch after the last one: nothing is made, nothing taken, and talk goes on [R8.1-05]', async () => {
    const exhausted = { code: 'EPOCH_EXHAUSTED', requirement: 'R8.1-05' };
    const members = (await trio()).map((peer) => inEpoch(peer, LAST_EPOCH - 1n));
    const [alice, bob, carol] = members;
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
    const { message } = await bob.group.commit({ wireFormat: WireFormat.publicMessage });
    const path = pathIn(message);
    expectAgreement(await commitBy(alice, members));
    expect(alice.group.epoch).toBe(LAST_EPOCH);
    const before = snapshot(alice);
    for (const request of [{}, { proposals: [addOf(joiner(party('dave')))] }]) {
      await expect(alice.group.commit(request)).rejects.toMatchObject(exhausted);
    }
    await expect(enter(party('dave'), alice)).rejects.toMatchObject(exhausted);
    expect(snapshot(alice)).toBe(before);
    const commits = [
      { proposals: [], path },
      { proposals: [{ type: 1, proposal: addOf(joiner(party('dave'))) } as const], path: undefined },
      { proposals: [{ type: 1, proposal: removeOf(carol) } as const], path },
    ];
    for (const commit of commits) {
      const forged = forge(bob, { contentType: ContentType.commit, commit });
      for (const peer of [alice, carol]) {
        await expectRefused(peer, forged, exhausted.code, exhausted.requirement);
      }
    }
    await expectConversation(members);
  });
});

describe('the transcript of a group', () => {
  it('begins with the tag over nothing, not with nothing [R8.2-04]', async () => {
    const { group } = await found(party('alice'));
    const { groupContext, secrets, interimTranscriptHash, confirmationTag } = group.state;
    expect(groupContext.confirmedTranscriptHash).toHaveLength(0);
    const tag = createHmac('sha256', secrets.confirmationKey).update(empty).digest();
    expect(hex(confirmationTag)).toBe(tag.toString('hex'));
    expect(hex(interimTranscriptHash)).toBe(hash(withLength(tag)));
  });

  it.each(formats)(
    'goes on with the commit as it was sent, in wire format %i [R8.2-05]',
    async (wireFormat) => {
      const [alice, bob] = await trio();
      const before = bob.group.state.interimTranscriptHash;
      const { message, staged } = await alice.group.commit({ wireFormat });
      const opened = unprotectMessage(bob.group.state, overTheWire(message), defaultPolicy);
      opened.refuse();
      const { content, auth } = opened.verified;
      const expected = (format: number): string =>
        hash(before, Uint8Array.of(0, format), encode(FramedContent, content), withLength(auth.signature));
      const confirmed = hex(staged.state.groupContext.confirmedTranscriptHash);
      expect(confirmed).toBe(expected(wireFormat));
      expect(confirmed).not.toBe(expected(3 - wireFormat));
      const interim = hash(Buffer.from(confirmed, 'hex'), withLength(auth.confirmationTag ?? empty));
      expect(hex(staged.state.interimTranscriptHash)).toBe(interim);
      alice.group.keep(staged);
      await follow(bob, message);
      expect(hex(bob.group.state.interimTranscriptHash)).toBe(interim);
    },
  );

  it('is taken up by joiners where the GroupInfo left it, so that they can commit [R8.2-03]', async () => {
    const alice = await found(party('alice'));
    const two = await commitBy(alice, [alice], {}, [joiner(party('bob'))]);
    const three = [...two, await comeIn(party('carol'), two)];
    const hashes = three.map(({ group }) => hex(group.state.interimTranscriptHash));
    expect(new Set(hashes).size).toBe(1);
    for (const committer of three) expectAgreement(await commitBy(committer, three));
  });
});

describe('the init secret of an external Commit', () => {
  it.each([
    { what: 'one byte short', kemOutput: new Uint8Array(31).fill(9) },
    { what: 'one byte long', kemOutput: new Uint8Array(33).fill(9) },
    { what: 'empty', kemOutput: empty },
    { what: 'a point of low order', kemOutput: new Uint8Array(32) },
  ])('cannot be opened from a KEM output that is $what [R8.3-02]', async ({ kemOutput }) => {
    const [alice, bob, carol] = await trio();
    const forged = await forgeOutput(alice, kemOutput);
    for (const peer of [alice, bob, carol]) await expectRefused(peer, forged, 'INVALID_COMMIT', 'R8.3-02');
    await expectGoesOn(bob, [alice, bob, carol]);
  });

  it('is another one when somebody replaces the KEM output, which the tag tells [R8.3-02]', async () => {
    const [alice, bob, carol] = await trio();
    const { publicKey } = suite1.hpke.generateKeyPair();
    const forged = await forgeOutput(alice, publicKey);
    for (const peer of [alice, bob]) {
      await expectRefused(peer, forged, 'INVALID_CONFIRMATION_TAG', 'R12.4.2-12');
    }
    await expectGoesOn(bob, [alice, bob, carol]);
  });

  it('replaces that of the old epoch: who has only the old one does not follow [R8.3-02]', async () => {
    const [alice, bob, carol] = await trio();
    const { state } = bob.group;
    const secrets = { ...state.secrets, externalSecret: new Uint8Array(32).fill(1) };
    const lost = { ...bob, group: new Group({ ...state, secrets }, bob.party.options) };
    const { message } = await enter(party('dave'), alice);
    await expectRefused(lost, message, 'INVALID_CONFIRMATION_TAG');
    for (const peer of [alice, bob, carol]) await follow(peer, message);
    expectAgreement([alice, bob, carol]);
  });
});

describe('an external Commit', () => {
  it('is of a new member, in the open, with a path [R8.3-01]', async () => {
    const [alice] = await trio();
    const { message } = await enter(party('dave'), alice);
    if (message.wireFormat !== WireFormat.publicMessage) throw new Error('a PublicMessage expected');
    const { content, membershipTag } = message.publicMessage;
    expect(content.sender).toEqual({ senderType: SenderType.newMemberCommit });
    expect(membershipTag).toBeUndefined();
    expect(pathIn(message).leafNode.source.leafNodeSource).toBe(LeafNodeSource.commit);
    const outputs = [message, (await enter(party('dave'), alice)).message].map((one) =>
      commitIn(one).proposals.map((entry) => entry.type === 1 && entry.proposal),
    );
    const external = { proposalType: ProposalType.externalInit, kemOutput: expect.any(Uint8Array) };
    expect(outputs).toEqual([[external], [external]]);
    expect(outputs[0]).not.toEqual(outputs[1]);
  });
});
