import { describe, expect, it } from '@jest/globals';

import { SenderType } from '../../src/framing/content.ts';
import { LeafNodeSource, type LeafNodeContent } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { proposeFromOutside } from '../outsider.ts';
import {
  announce,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  groupOf,
  lifetime,
  party,
  refusing,
  restarted,
  trio,
  type Peer,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { expectNotProposed, forgeProposal, publicly, updateOf } from './12.1-proposals.ts';

const leafOf = ({ group }: Peer, leafIndex: number): LeafNodeContent => {
  const leaf = group.state.tree.findLeaf(leafIndex);
  if (leaf === undefined) throw new Error('a leaf expected');
  return leaf;
};

describe('an Update is refused and not cached', () => {
  it.each<[string, string, string, (alice: Peer) => Partial<LeafNodeContent>]>([
    [
      'whose leaf is that of a KeyPackage [R7.3-12]',
      'LEAF_NODE_WRONG_SOURCE',
      'R7.3-12',
      () => ({ source: { leafNodeSource: LeafNodeSource.keyPackage, lifetime } }),
    ],
    [
      'whose leaf is that of a commit [R7.3-12]',
      'LEAF_NODE_WRONG_SOURCE',
      'R7.3-12',
      () => ({ source: { leafNodeSource: LeafNodeSource.commit, parentHash: empty } }),
    ],
    [
      'whose key is malformed [R5.1.1-01]',
      'INVALID_KEY',
      'R5.1.1-01',
      () => ({ encryptionKey: new Uint8Array(31) }),
    ],
    [
      'that does not list its own extension [R7.3-10]',
      'UNSUPPORTED_EXTENSION',
      'R7.3-10',
      () => ({ extensions: [{ extensionType: 0xf001, extensionData: empty }] }),
    ],
    [
      "that does not list the group's suite [R7.3-18]",
      'UNSUPPORTED_CAPABILITY',
      'R7.3-18',
      (alice) => ({ capabilities: { ...leafOf(alice, 0).capabilities, cipherSuites: [2] } }),
    ],
    [
      'whose key is the old one [R7.3-13]',
      'LEAF_KEY_NOT_CHANGED',
      'R7.3-13',
      (alice) => ({ encryptionKey: leafOf(alice, 0).encryptionKey }),
    ],
  ])('%s, by its sender and by others [R12.1.2-01]', async (_what, code, requirement, change) => {
    const [alice, bob, carol] = await acquainted();
    const update = updateOf(alice, change(alice));
    await expectNotProposed(alice, update, code, requirement);
    await expectRefused(bob, forgeProposal(alice, update), code, requirement);
    expect(bob.group.state.proposals).toEqual([]);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('whose leaf is signed for another place, or with another key [R7.3-03, R7.2-11, R12.1.2-01]', async () => {
    const [alice, bob, carol] = await acquainted();
    const ofCarol = updateOf(carol, { signatureKey: leafOf(alice, 0).signatureKey });
    const { signatureKeyPair } = party('mallory').identity;
    const ofNobody = updateOf(alice, { signatureKey: signatureKeyPair.publicKey });
    for (const update of [ofCarol, ofNobody]) {
      await expectNotProposed(alice, update, 'INVALID_SIGNATURE', 'R7.3-03');
      await expectRefused(bob, forgeProposal(alice, update), 'INVALID_SIGNATURE', 'R7.3-03');
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('whose new name is no successor of the old one, or is not believed [R7.3-02, R5.3.1-07, R12.1.2-01]', async () => {
    const [alice, bob, carol] = await acquainted({ options: { identities: refusing() } });
    const { credential } = party('mallory').identity;
    await expectRefused(
      bob,
      forgeProposal(alice, updateOf(alice, { credential })),
      'INVALID_SUCCESSOR',
      'R5.3.1-07',
    );
    const renamed = alice.group.proposeUpdate(publicly, party('mallory').identity);
    await expect(renamed).rejects.toMatchObject({ code: 'INVALID_SUCCESSOR' });
    expect(alice.group.state.pendingUpdates).toEqual([]);
    const unbelieving = { ...bob.party.options, identities: refusing('alice') };
    const wary = restarted({ ...bob, party: { ...bob.party, options: unbelieving } });
    await expectRefused(wary, forgeProposal(alice, updateOf(alice)), 'INVALID_CREDENTIAL', 'R7.3-02');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('whose sender is no member: a client that asks to be added [R12.1.2-03]', async () => {
    const [alice, bob, carol] = await acquainted();
    const update = updateOf(carol);
    const dave = party('dave');
    const { privateKey } = dave.identity.signatureKeyPair;
    const newMember = { senderType: SenderType.newMemberProposal };
    const asking = proposeFromOutside(alice.group, newMember, update, privateKey);
    await expectRefused(bob, asking, 'SENDER_NOT_ALLOWED', 'R6.1-08');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});

describe('an Update', () => {
  it("takes the place of its sender's leaf and blanks what is above, however far away the committer is [R12.1.2-02]", async () => {
    const peers = await groupOf(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    const [a, , c] = peers;
    const last = peers.at(-1);
    if (a === undefined || c === undefined || last === undefined) throw new Error('eight expected');
    for (const peer of peers) await commitBy(peer, peers);
    const update = await c.group.proposeUpdate(publicly);
    await announce(update, ...peers.filter((peer) => peer !== c));
    const before = a.group.state.tree;
    expect(before.directPath(toLeafIndex(2)).map(({ node }) => node === undefined)).toEqual([
      false,
      false,
      false,
    ]);
    await commitBy(last, peers);
    expectAgreement(peers);
    const { tree } = a.group.state;
    const proposed = c.group.state.tree.findLeaf(2);
    expect(tree.findLeaf(2)).toEqual(proposed);
    expect(proposed?.source).toEqual({ leafNodeSource: LeafNodeSource.update });
    // The last one's path goes through the root only; the nodes above leaves 0 and 1 belong to nobody else's Update.
    expect(tree.directPath(toLeafIndex(2)).map(({ node }) => node === undefined)).toEqual([
      true,
      true,
      false,
    ]);
    expect(tree.directPath(toLeafIndex(0))[0]?.node).toEqual(before.directPath(toLeafIndex(0))[0]?.node);
    await expectConversation(peers);
  });

  it('of another leaf than its sender has cannot be made: the leaf is that of the sender [R12.1.2-02, R12.2-05]', async () => {
    const all = await trio();
    const [alice, bob, carol] = all;
    await announce(await bob.group.proposeUpdate(publicly), alice, carol);
    const [cached] = alice.group.state.proposals;
    expect(cached?.sender).toEqual({ senderType: SenderType.member, leafIndex: 1 });
    const carolsLeaf = alice.group.state.tree.findLeaf(2);
    await commitBy(alice, all);
    expect(alice.group.state.tree.findLeaf(2)).toEqual(carolsLeaf);
    expect(bob.group.state.pendingUpdates).toEqual([]);
  });
});
