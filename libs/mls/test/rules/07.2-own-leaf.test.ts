import { describe, expect, it } from '@jest/globals';

import type { ClientIdentity } from '../../src/key-packages/client-identity.ts';
import { createKeyPackage, supportedCapabilities } from '../../src/key-packages/create-key-package.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { CredentialType, isDefaultExtensionType, isDefaultProposalType } from '../../src/registries.ts';
import { verifyLeafNode, type LeafNode } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { enter } from '../outsider.ts';
import {
  announce,
  commitBy,
  empty,
  expectAgreement,
  follow,
  found,
  keyPackageOf,
  lifetime,
  NOW,
  openDoors,
  party,
  restarted,
  snapshot,
  suite1,
  trio,
  type Joiner,
  type Party,
  type Peer,
} from '../parties.ts';
import { expectGoesOn } from '../refusal/expect-refused.ts';

/*
 * What a client says about itself (RFC 9420 §7.2), wherever a leaf of its own is made: in a KeyPackage, at the
 * beginning of a group, in an Update, in a commit, in an external Commit.
 */

const framing = { wireFormat: 2, authenticatedData: empty } as const;
const all = supportedCapabilities([1]);
const [basic, x509] = [CredentialType.basic, CredentialType.x509];

type Change = Partial<Pick<ClientIdentity, 'capabilities' | 'leafExtensions' | 'credential'>>;

const bad: readonly (readonly [what: string, code: string, requirement: string, change: Change])[] = [
  ...[1, 2, 3, 4, 5].map(
    (type) =>
      [
        `that lists the default extension type ${type} [R7.2-03]`,
        'MISUSE',
        'R7.2-03',
        { capabilities: { ...all, extensions: [0xf001, type] } },
      ] as const,
  ),
  ...[1, 2, 3, 4, 5, 6, 7].map(
    (type) =>
      [
        `that lists the default proposal type ${type} [R7.2-03]`,
        'MISUSE',
        'R7.2-03',
        { capabilities: { ...all, proposals: [type] } },
      ] as const,
  ),
  [
    'that does not list the version in use [R7.2-04]',
    'UNSUPPORTED_CAPABILITY',
    'R7.2-04',
    { capabilities: { ...all, versions: [2] } },
  ],
  [
    'that does not list the suite in use [R7.2-04]',
    'UNSUPPORTED_CAPABILITY',
    'R7.2-04',
    { capabilities: { ...all, cipherSuites: [2, 3] } },
  ],
  [
    'that does not list its credential type [R7.2-04, R7.2-06]',
    'UNSUPPORTED_CAPABILITY',
    'R7.2-04',
    { capabilities: { ...all, credentials: [x509] } },
  ],
  [
    'that does not list its own extension [R7.2-05]',
    'UNSUPPORTED_EXTENSION',
    'R7.2-05',
    { leafExtensions: [{ extensionType: 0xf001, extensionData: empty }] },
  ],
];

describe('an own leaf is not made, and nothing changes:', () => {
  it.each(bad)('one %s', async (_what, code, requirement, change) => {
    const fault = expect.objectContaining({ name: 'MlsError', code, requirement });
    const [alice, bob, carol] = await trio();
    const before = snapshot(alice);
    const like = (who: Party): ClientIdentity => ({ ...who.identity, ...change });
    const identity = like(alice.party);
    expect(() => createKeyPackage({ suite: suite1, identity, lifetime, grease: true })).toThrow(fault);
    await expect(found({ ...alice.party, identity })).rejects.toEqual(fault);
    await expect(alice.group.proposeUpdate(framing, identity)).rejects.toEqual(fault);
    await expect(alice.group.commit({ identity })).rejects.toEqual(fault);
    const dave = party('dave');
    await expect(enter({ ...dave, identity: like(dave) }, alice)).rejects.toEqual(fault);
    expect(snapshot(alice)).toBe(before);
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

const leafOf = ({ group }: Peer, of = group.state.ownLeafIndex): LeafNode => {
  const leaf = group.state.tree.findLeaf(of);
  if (leaf === undefined) throw new Error('a leaf expected');
  return leaf;
};

describe('an own leaf', () => {
  it('lists what is supported and no default type, wherever it is made [R7.2-03, R7.2-04]', async () => {
    const more = { extensions: [1, 2, 3, 4, 5, 0xf001], proposals: [1, 2, 3, 4, 5, 6, 7, 0xf002] };
    const identity = { capabilities: supportedCapabilities([1, 3], more) };
    const [alice, bob, carol] = await trio(identity);
    await announce(await bob.group.proposeUpdate(framing), alice, carol);
    await commitBy(alice, [alice, bob, carol], { forcePath: true });
    // One from a commit, one from an Update, one from a KeyPackage.
    const leaves = [alice, bob, carol].map((peer) => leafOf(peer));
    expect(leaves.map(({ source }) => source.leafNodeSource)).toEqual([3, 2, 1]);
    for (const { capabilities } of leaves) {
      expect(capabilities.extensions.filter(isDefaultExtensionType)).toEqual([]);
      expect(capabilities.proposals.filter(isDefaultProposalType)).toEqual([]);
      expect(capabilities.versions).toEqual([1]);
      expect(capabilities.cipherSuites).toEqual(expect.arrayContaining([1, 3]));
      expect(capabilities.extensions).toContain(0xf001);
      expect(capabilities.proposals).toContain(0xf002);
      expect(capabilities.credentials).toEqual(expect.arrayContaining([basic, x509]));
    }
  });

  it('that changes comes with a new signature for its place [R7.2-11, R7.2-12]', async () => {
    const [alice, bob, carol] = await trio();
    const capabilities = { ...all, extensions: [0xf001] };
    const identity = { ...alice.party.identity, capabilities };
    const old = leafOf(alice);
    await commitBy(alice, [alice, bob, carol], { identity });
    const changed = leafOf(bob, alice.group.state.ownLeafIndex);
    expect(changed.capabilities).toEqual(capabilities);
    expect(changed.signature).not.toEqual(old.signature);
    const { groupId } = alice.group;
    expect(verifyLeafNode(suite1, changed, { groupId, leafIndex: toLeafIndex(0) })).toBe(true);
    expect(verifyLeafNode(suite1, changed, { groupId, leafIndex: toLeafIndex(1) })).toBe(false);
    expect(
      verifyLeafNode(suite1, { ...changed, capabilities: all }, { groupId, leafIndex: toLeafIndex(0) }),
    ).toBe(false);
  });
});

const add = (notBefore: bigint, notAfter: bigint, who = party('dave')): Joiner => ({
  party: who,
  keyPackage: keyPackageOf(who, { lifetime: { notBefore, notAfter } }),
});

describe('the time of a leaf', () => {
  const maximum = defaultPolicy.maximumLifetime ?? 0n;

  it.each([
    ['is a single second', NOW, NOW],
    ['begins now', NOW, NOW + 1n],
    ['ends now', NOW - 1n, NOW],
    ['is as long as the policy allows', NOW, NOW + maximum],
  ])('that %s is good on both sides [R7.2-09, R7.2-10, R7.3-08, R7.3-09]', async (_what, from, to) => {
    const [alice, bob, carol] = await trio();
    expectAgreement(await commitBy(alice, [alice, bob, carol], {}, [add(from, to)]));
  });

  it('may be eternal where the policy sets no limit [R7.2-09]', async () => {
    const patient = { ...openDoors, policy: { ...defaultPolicy, maximumLifetime: undefined } };
    const [alice, bob, carol] = await trio({ options: patient });
    const dave = add(0n, 2n ** 64n - 1n, party('dave', { options: patient }));
    expectAgreement(await commitBy(alice, [alice, bob, carol], {}, [dave]));
  });

  it('that is over is no reason to refuse where the policy says so, but no own message holds it [R7.3-08, R7.3-09]', async () => {
    const patient = { ...openDoors, policy: { ...defaultPolicy, checkLifetimeOnReceive: false } };
    const later = { ...patient, now: () => NOW + 10_000n };
    const [alice, bob, carol] = await trio({ options: patient });
    const late = restarted({ ...bob, party: { ...bob.party, options: later } });
    const dave = add(NOW - 1n, NOW + 1n, party('dave', { options: later }));
    const erin = add(NOW - 1n, NOW + 1n, party('erin', { options: later }));
    const adding = { proposalType: 1 as const, keyPackage: erin.keyPackage.keyPackage };
    const fault = expect.objectContaining({ code: 'LEAF_NODE_EXPIRED', requirement: 'R7.3-08' });
    await expect(late.group.propose(adding, framing)).rejects.toEqual(fault);
    await expect(late.group.commit({ proposals: [adding] })).rejects.toEqual(fault);
    // Alice's clock says that it is good. Bob follows, and Dave joins a tree in which everybody's time is over.
    const members = await commitBy(alice, [alice, late, carol], {}, [dave]);
    expectAgreement(members);
    const frank = party('frank', { options: later });
    const { message, peer } = await enter(frank, late);
    for (const member of members) await follow(member, message);
    expectAgreement([...members, peer]);
  });
});
