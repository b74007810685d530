import { describe, expect, it } from '@jest/globals';

import { createExtension } from '../../src/extensions/extension.ts';
import { RequiredCapabilities } from '../../src/extensions/required-capabilities.ts';
import { Group } from '../../src/group/group.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { CredentialType, ExtensionType, isGrease, ProposalType, WireFormat } from '../../src/registries.ts';
import { PSKType, ResumptionPSKUsage, type PreSharedKeyID, type PskStore } from '../../src/schedule/psk.ts';
import { comeIn, only } from '../outsider.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  found,
  groupOf,
  joiner,
  keyPackageOf,
  lifetime,
  openDoors,
  party,
  receive,
  refusal,
  removeOf,
  say,
  snapshot,
  suite1,
  text,
  trio,
} from '../parties.ts';

const formats = [
  { name: 'PublicMessage', wireFormat: WireFormat.publicMessage },
  { name: 'PrivateMessage', wireFormat: WireFormat.privateMessage },
] as const;

describe.each(formats)('handshakes as $name', ({ wireFormat }) => {
  it('carry proposals and commits with authenticated data [R6-02, R8.2-05]', async () => {
    const [alice, bob, carol] = await trio();
    const authenticatedData = bytes('for the delivery service');
    const proposal = await alice.group.proposeUpdate({ wireFormat, authenticatedData });
    expect(proposal.wireFormat).toBe(wireFormat);
    await announce(proposal, bob, carol);
    const members = await commitBy(bob, [alice, bob, carol], { wireFormat, authenticatedData });
    expectAgreement(members);
    await expectConversation(members);
  });
});

const nonce = (): Uint8Array => suite1.random(32);
const external = (id: string): PreSharedKeyID => ({
  pskType: PSKType.external,
  pskId: bytes(id),
  pskNonce: nonce(),
});
const pskOf = (psk: PreSharedKeyID): Proposal => ({ proposalType: ProposalType.psk, psk });

/** Knows external keys by their id: the key is the id, written backwards. */
const shared: PskStore = {
  findExternalPsk: (id) => (text(id).startsWith('known') ? id.toReversed() : undefined),
  findResumptionPsk: () => undefined,
};
const knowing = { options: { psks: shared } };

describe('pre-shared keys', () => {
  it('of outside are mixed in by those who have them, joiners too [R12.1.4-04, R8.4-03]', async () => {
    const [alice, bob, carol] = await trio(knowing);
    const proposals = [pskOf(external('known 1')), pskOf(external('known 2'))];
    const dave = joiner(party('dave', knowing));
    const members = await commitBy(alice, [alice, bob, carol], { proposals }, [dave]);
    expectAgreement(members);
    await expectConversation(members);
  });

  it('are taken by reference and by value in the order of the commit [R12.1.4-05]', async () => {
    const [alice, bob, carol] = await trio(knowing);
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };
    await announce(await bob.group.propose(pskOf(external('known 1')), framing), alice, carol);
    const members = await commitBy(carol, [alice, bob, carol], only(pskOf(external('known 2'))));
    expectAgreement(members);
  });

  it('that a member does not have stop it from following, and it can follow once it has them [R12.4.2-05]', async () => {
    const late = new Set<string>();
    const psks: PskStore = {
      ...shared,
      findExternalPsk: (id) => (late.has(text(id)) ? shared.findExternalPsk(id) : undefined),
    };
    const [alice, bob] = await groupOf(['alice', 'bob'], knowing);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const slow = { ...bob, group: new Group(bob.group.state, { ...openDoors, psks }) };
    const { message, staged } = await alice.group.commit({
      ...only(pskOf(external('known late'))),
      wireFormat: WireFormat.publicMessage,
    });
    const before = snapshot(slow);
    await expect(receive(slow, message)).rejects.toEqual(refusal('PSK_NOT_AVAILABLE'));
    expect(snapshot(slow)).toBe(before);
    late.add('known late');
    await follow(slow, message);
    alice.group.keep(staged);
    expectAgreement([alice, slow]);
  });

  it('that nobody has are not committed [R12.4.2-05]', async () => {
    const [alice] = await trio(knowing);
    await expect(alice.group.commit(only(pskOf(external('unknown'))))).rejects.toEqual(
      refusal('PSK_NOT_AVAILABLE'),
    );
  });

  it('of this and of past epochs prove who was there, as long as they are kept [R8.4-06, R8.6-01]', async () => {
    const policy = { ...defaultPolicy, resumptionPsks: 2 };
    const [alice, bob, carol] = await trio({ options: { policy } });
    const all = [alice, bob, carol];
    const resumption = (pskEpoch: bigint): PreSharedKeyID => ({
      pskType: PSKType.resumption,
      usage: ResumptionPSKUsage.application,
      pskGroupId: alice.group.groupId,
      pskEpoch,
      pskNonce: nonce(),
    });
    await commitBy(bob, all);
    await commitBy(carol, all);
    const proposals = [3n, 2n, 1n].map((epoch) => pskOf(resumption(epoch)));
    expectAgreement(await commitBy(alice, all, { proposals }));
    await expect(alice.group.commit(only(pskOf(resumption(1n))))).rejects.toEqual(
      refusal('PSK_NOT_AVAILABLE'),
    );
    await expectConversation(all);
  });

  it('can be demanded of somebody who joins by an external Commit [R12.2-20]', async () => {
    const members = await trio(knowing);
    const dave = await comeIn(party('dave', knowing), members, { psks: [external('known door')] });
    expectAgreement([...members, dave]);
    await expectConversation([...members, dave]);
  });
});

const requiring = (more: Partial<RequiredCapabilities>): Proposal => ({
  proposalType: ProposalType.groupContextExtensions,
  extensions: [
    createExtension(ExtensionType.requiredCapabilities, RequiredCapabilities, {
      extensionTypes: [],
      proposalTypes: [],
      credentialTypes: [],
      ...more,
    }),
  ],
});

describe('the extensions of a group', () => {
  it('are replaced as a whole, and demanded of those who join [R12.1.7-02, R7.3-04, R12.3-02]', async () => {
    const capable = { capabilities: { extensions: [0xf001] } };
    const [alice, bob, carol] = await trio(capable);
    const demand = requiring({ extensionTypes: [0xf001, 1], credentialTypes: [CredentialType.basic] });
    const all = await commitBy(alice, [alice, bob, carol], only(demand));
    expectAgreement(all);
    await expect(bob.group.commit(only(addOf(joiner(party('dave')))))).rejects.toEqual(
      refusal('UNSUPPORTED_CAPABILITY'),
    );
    const five = await commitBy(bob, all, {}, [joiner(party('erin', capable))]);
    expectAgreement(five);
    const nothing = { proposalType: ProposalType.groupContextExtensions, extensions: [] };
    await commitBy(carol, five, only(nothing));
    expect(alice.group.state.groupContext.extensions).toEqual([]);
    await expectConversation(await commitBy(carol, five, {}, [joiner(party('dave'))]));
  });

  it('ask for nothing that a member cannot do, unless the commit removes that member [R12.1.7-01, R11.1-03]', async () => {
    const capable = { capabilities: { extensions: [0xf001] } };
    const able = await groupOf(['alice', 'bob'], capable);
    const [alice] = able;
    if (alice === undefined) throw new Error('two expected');
    const all = await commitBy(alice, able, {}, [joiner(party('carol'))]);
    const carol = all[2];
    if (carol === undefined) throw new Error('three expected');
    const demand = requiring({ extensionTypes: [0xf001] });
    await expect(alice.group.commit(only(demand))).rejects.toEqual(refusal('UNSUPPORTED_CAPABILITY'));
    const left = await commitBy(alice, all, { proposals: [demand, removeOf(carol)] });
    expect(left).toHaveLength(2);
    expectAgreement(left);
  });

  it('never hold a GREASE value [R13.5-03]', async () => {
    const [alice] = await trio();
    const grease = {
      proposalType: ProposalType.groupContextExtensions,
      extensions: [{ extensionType: 0x1a1a, extensionData: empty }],
    };
    await expect(alice.group.commit(only(grease))).rejects.toEqual(refusal('UNSUPPORTED_EXTENSION'));
  });
});

describe('a ReInit', () => {
  it('ends the group for all of its members [R11.2-05, R12.4.2-15]', async () => {
    const [alice, bob, carol] = await trio();
    const reinit: Proposal = {
      proposalType: ProposalType.reinit,
      groupId: bytes('the next group'),
      version: 1,
      cipherSuite: 2,
      extensions: [],
    };
    const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };
    const late = say(carol, 'sent before the end');
    const members = await commitBy(bob, [alice, bob, carol], only(reinit));
    expectAgreement(members);
    for (const peer of members) {
      expect(peer.group.state.status).toMatchObject({ kind: 'reinitialized', reinit: { cipherSuite: 2 } });
      expect(() => say(peer, 'more')).toThrow(expect.objectContaining({ code: 'GROUP_ENDED' }));
      await expect(peer.group.commit()).rejects.toEqual(refusal('GROUP_ENDED'));
      await expect(peer.group.proposeUpdate(framing)).rejects.toEqual(refusal('GROUP_ENDED'));
    }
    expect((await receive(alice, late)).kind).toBe('application');
  });

  it('stands alone, and gives way to other proposals [R12.2-11, R12.2-12]', async () => {
    const [alice, bob, carol] = await trio();
    const reinit: Proposal = {
      proposalType: ProposalType.reinit,
      groupId: bytes('next'),
      version: 1,
      cipherSuite: 1,
      extensions: [],
    };
    const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
    await expect(alice.group.commit({ proposals: [reinit, removeOf(bob)] })).rejects.toEqual(
      refusal('INVALID_PROPOSAL_LIST'),
    );
    await announce(await alice.group.propose(reinit, framing), bob, carol);
    await announce(await alice.group.proposeUpdate(framing), bob, carol);
    await commitBy(bob, [alice, bob, carol]);
    expect(alice.group.state.status.kind).toBe('active');
    expectAgreement([alice, bob, carol]);
  });
});

describe('what a client says about itself', () => {
  it('may be an X.509 chain: data that the application judges [R5.3-01]', async () => {
    const chain = [suite1.random(300), suite1.random(700)].map((certData) => ({ certData }));
    const credential = { credentialType: CredentialType.x509, certificates: chain };
    const [alice, bob, carol] = await trio();
    const dave = joiner(party('dave', { credential }));
    const members = await commitBy(alice, [alice, bob, carol], {}, [dave]);
    expectAgreement(members);
    expect(carol.group.state.tree.findLeaf(3)?.credential).toEqual(credential);
    await expectConversation(members);
  });

  it('has to use a credential type that all members support, and they its [R7.3-06, R7.3-07]', async () => {
    const basicOnly = { capabilities: { credentials: [CredentialType.basic] } };
    const [alice] = await groupOf(['alice', 'bob'], basicOnly);
    if (alice === undefined) throw new Error('two expected');
    const credential = { credentialType: CredentialType.x509, certificates: [{ certData: empty }] };
    for (const settings of [{ credential }, { credential, capabilities: { credentials: [2] } }]) {
      await expect(alice.group.commit(only(addOf(joiner(party('dave', settings)))))).rejects.toEqual(
        refusal('UNSUPPORTED_CAPABILITY'),
      );
    }
  });

  it('holds GREASE values of its own making, which are listed where they are used [R7.2-08, R13.5-01, R13.5-02, R10-11]', () => {
    const { keyPackage } = keyPackageOf(party('alice'));
    const { capabilities } = keyPackage.leafNode;
    const { cipherSuites, extensions, proposals, credentials } = capabilities;
    for (const list of [cipherSuites, extensions, proposals, credentials]) {
      expect(list.filter(isGrease)).not.toEqual([]);
    }
    for (const list of [keyPackage.extensions, keyPackage.leafNode.extensions]) {
      const types = list.map(({ extensionType }) => extensionType);
      expect(types.map(isGrease)).toEqual([true]);
      expect(extensions).toEqual(expect.arrayContaining(types));
    }
    const plain = keyPackageOf(party('alice'), { grease: false }).keyPackage;
    expect([...plain.extensions, ...plain.leafNode.extensions]).toEqual([]);
    expect(Object.values(plain.leafNode.capabilities).flat().filter(isGrease)).toEqual([]);
  });

  it('never repeats a key [R10-03, R10.1-04]', () => {
    const alice = party('alice');
    const packages = Array.from({ length: 20 }, () => keyPackageOf(alice).keyPackage);
    const keys = packages.flatMap(({ initKey, leafNode }) => [initKey, leafNode.encryptionKey]);
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(40);
  });

  it('is refused when its lifetime is over before it is used [R7.3-08]', async () => {
    const [alice] = await trio();
    const dave = party('dave');
    const over = { notBefore: lifetime.notBefore - 100n, notAfter: lifetime.notBefore };
    const expired = { party: dave, keyPackage: keyPackageOf(dave, { lifetime: over }) };
    await expect(alice.group.commit(only(addOf(expired)))).rejects.toEqual(refusal('LEAF_NODE_EXPIRED'));
    await expect(found(dave, { lifetime: over })).rejects.toEqual(refusal('LEAF_NODE_EXPIRED'));
  });
});
