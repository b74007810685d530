import { describe, expect, it } from '@jest/globals';

import type { KeyPair } from '@canopy/crypto';

import { createExtension } from '../../src/extensions/extension.ts';
import { RequiredCapabilities } from '../../src/extensions/required-capabilities.ts';
import { ContentType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { signKeyPackage } from '../../src/key-packages/key-package.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { CredentialType, ExtensionType, ProposalType } from '../../src/registries.ts';
import { LeafNodeSource, signLeafNode, type LeafNodeContent } from '../../src/tree/leaf-node.ts';
import { forge, forgeCommit } from '../forge.ts';
import { comeIn } from '../outsider.ts';
import {
  announce,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  groupOf,
  joiner,
  keyPackageOf,
  openDoors,
  party,
  removeOf,
  suite1,
  trio,
  type Joiner,
  type Party,
  type Peer,
} from '../parties.ts';
import { expectRefused } from '../refusal/expect-refused.ts';
import { hex } from '../suites.ts';
import { contentOfLeaf } from './07.3-places.ts';

/*
 * Leaves that look strange and are good (RFC 9420 §7.3): each is taken by a receiver, committed, and joined.
 */

/** Somebody whose KeyPackage holds a leaf that this library itself would not make. */
function strange(who: Party, change: (leaf: LeafNodeContent) => Partial<LeafNodeContent>): Joiner {
  const made = keyPackageOf(who);
  const { version, cipherSuite, initKey, extensions, leafNode } = made.keyPackage;
  const content = contentOfLeaf(leafNode);
  const { privateKey } = who.identity.signatureKeyPair;
  const leaf = signLeafNode(suite1, { ...content, ...change(content) }, privateKey);
  const basis = { version, cipherSuite, initKey, extensions, leafNode: leaf };
  return { party: who, keyPackage: { ...made, keyPackage: signKeyPackage(suite1, basis, privateKey) } };
}

/** Has somebody added by Alice, in whose tree Frank then joins by himself. */
async function enters(who: Joiner, peers: readonly Peer[]): Promise<Peer[]> {
  const [alice] = peers;
  if (alice === undefined) throw new Error('somebody expected');
  const members = await commitBy(alice, peers, { forcePath: true }, [who]);
  const frank = await comeIn(party('frank'), members);
  const everybody = [...members, frank];
  expectAgreement(everybody);
  await expectConversation(everybody);
  return everybody;
}

describe('a leaf is taken', () => {
  it('that lists types which every client supports [R7.2-03]', async () => {
    const dave = strange(party('dave'), ({ capabilities }) => ({
      capabilities: {
        ...capabilities,
        extensions: [...capabilities.extensions, 1, 3],
        proposals: [1, 2, 3, 4, 5, 6, 7],
      },
    }));
    await enters(dave, await trio());
  });

  it('that lists values which nobody knows, in all lists, several times [R7.2-07, R13.4-02]', async () => {
    const unknown = [0x0a0a, 0xeaea, 0xf0f0, 0xffff, 0xffff, 0];
    const dave = strange(party('dave'), ({ capabilities: { versions, cipherSuites, credentials } }) => ({
      capabilities: {
        versions: [...unknown, ...versions],
        cipherSuites: [...unknown, ...cipherSuites],
        extensions: unknown,
        proposals: unknown,
        credentials: [...unknown, ...credentials],
      },
      extensions: [{ extensionType: 0xf0f0, extensionData: Uint8Array.of(1, 2, 3) }],
    }));
    await enters(dave, await trio());
  });

  it('that has an application_id and does not list it [R7.3-10]', async () => {
    const dave = strange(party('dave'), () => ({
      extensions: [{ extensionType: ExtensionType.applicationId, extensionData: Uint8Array.of(1, 7) }],
    }));
    await enters(dave, await trio());
  });

  it('that does not list the suite, where the policy says so [R7.3-18]', async () => {
    const lenient = {
      options: { ...openDoors, policy: { ...defaultPolicy, requireSuiteInCapabilities: false } },
    };
    const dave = strange(party('dave', lenient), ({ capabilities }) => ({
      capabilities: { ...capabilities, cipherSuites: [2], versions: [] },
    }));
    const [alice, bob, carol] = await trio(lenient);
    const members = await commitBy(alice, [alice, bob, carol], {}, [dave]);
    expectAgreement([...members, await comeIn(party('frank', lenient), members)]);
  });

  it('that does not list required types which every client supports [R7.3-05]', async () => {
    const required = createExtension(ExtensionType.requiredCapabilities, RequiredCapabilities, {
      extensionTypes: [1, 2, 3, 4, 5],
      proposalTypes: [1, 2, 3, 4, 5, 6, 7],
      credentialTypes: [],
    });
    const peers = await groupOf(['alice', 'bob'], {}, { extensions: [required] });
    expect(peers[0]?.group.state.groupContext.extensions).toEqual([required]);
    await enters(joiner(party('dave')), peers);
  });

  it('but credential types that are required have to be listed, the usual ones too [R7.3-05]', async () => {
    const required = createExtension(ExtensionType.requiredCapabilities, RequiredCapabilities, {
      extensionTypes: [],
      proposalTypes: [],
      credentialTypes: [CredentialType.x509],
    });
    const [alice] = await groupOf(['alice', 'bob'], {}, { extensions: [required] });
    const basicOnly = { capabilities: { credentials: [CredentialType.basic] } };
    const dave = joiner(party('dave', basicOnly));
    const add: Proposal = { proposalType: ProposalType.add, keyPackage: dave.keyPackage.keyPackage };
    await expect(alice?.group.commit({ proposals: [add] })).rejects.toMatchObject({
      code: 'UNSUPPORTED_CAPABILITY',
      requirement: 'R7.3-04',
    });
  });
});

const framing = { wireFormat: 1, authenticatedData: empty } as const;

/** An Update of a member that claims a signature key, which it can sign with. */
function claim(peer: Peer, key: KeyPair): MLSMessage {
  const { ownLeafIndex: leafIndex, tree } = peer.group.state;
  const leaf = tree.findLeaf(leafIndex);
  if (leaf === undefined) throw new Error('a leaf expected');
  const { publicKey: encryptionKey } = suite1.hpke.generateKeyPair();
  const source = { leafNodeSource: LeafNodeSource.update };
  const content = { ...contentOfLeaf(leaf), encryptionKey, signatureKey: key.publicKey, source };
  const leafNode = signLeafNode(suite1, content, key.privateKey, { groupId: peer.group.groupId, leafIndex });
  const proposal: Proposal = { proposalType: ProposalType.update, leafNode };
  return forge(peer, { contentType: ContentType.proposal, proposal });
}

describe('keys are compared in the tree that results', () => {
  it('so a client that is removed can be added by the same commit, with its old key [R7.3-17, R7.3-15]', async () => {
    const [alice, bob, carol] = await trio();
    const again = joiner(carol.party);
    const members = await commitBy(alice, [alice, bob, carol], { proposals: [removeOf(carol)] }, [again]);
    expectAgreement(members);
    expect(members).toHaveLength(3);
    await expectConversation(members);
  });

  it('so a member may keep its signature key in an Update and in a commit [R7.3-17]', async () => {
    const [alice, bob, carol] = await trio();
    const keyOf = (leaf: number): Uint8Array | undefined =>
      alice.group.state.tree.findLeaf(leaf)?.signatureKey;
    const before = [0, 1, 2].map(keyOf);
    await announce(await bob.group.proposeUpdate(framing), alice, carol);
    expectAgreement(await commitBy(alice, [alice, bob, carol], { forcePath: true }));
    expect([0, 1, 2].map(keyOf)).toEqual(before);
  });

  it('so two members cannot take one signature key by two Updates [R7.3-15, R7.3-17]', async () => {
    const [alice, bob, carol, dave] = await groupOf(['alice', 'bob', 'carol', 'dave']);
    if (!alice || !bob || !carol || !dave) throw new Error('four expected');
    const shared = suite1.signature.generateKeyPair();
    for (const peer of [alice, bob]) await announce(claim(peer, shared), carol, dave);
    const proposals = carol.group.state.proposals.map(({ reference }) => ({ type: 2 as const, reference }));
    expect(proposals).toHaveLength(2);
    const forged = await forgeCommit(carol, (commit) => ({ ...commit, proposals }), {
      includeReceived: false,
      forcePath: true,
    });
    await expectRefused(dave, forged, 'DUPLICATE_KEY', 'R7.3-15');
    // A committer that keeps to the rules takes one of them at most.
    const { staged } = await carol.group.commit();
    const keys = Array.from(staged.state.tree.members(), ({ leafNode }) => hex(leafNode.signatureKey));
    expect(new Set(keys).size).toBe(4);
  });
});
