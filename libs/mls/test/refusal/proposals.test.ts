import { describe, expect, it } from '@jest/globals';

import { ContentType } from '../../src/framing/content.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { signKeyPackage, type KeyPackage, type KeyPackageTBS } from '../../src/key-packages/key-package.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import {
  LeafNodeSource,
  signLeafNode,
  type LeafNode,
  type LeafNodeContent,
} from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { forge, resignLeaf } from '../forge.ts';
import {
  addOf,
  empty,
  joiner,
  keyPackageOf,
  lifetime,
  NOW,
  openDoors,
  party,
  refusing,
  restarted,
  suite1,
  type Peer,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from './expect-refused.ts';

const dave = party('dave');
const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
const davesKey = dave.identity.signatureKeyPair.privateKey;

/** A KeyPackage of Dave in which something is changed, leaf and package signed anew. */
function changedKeyPackage(
  change: (keyPackage: KeyPackageTBS) => Partial<KeyPackageTBS>,
  changeLeaf: (leaf: LeafNode) => Partial<LeafNodeContent> = () => ({}),
): KeyPackage {
  const { version, cipherSuite, initKey, leafNode, extensions } = keyPackageOf(dave).keyPackage;
  const {
    encryptionKey,
    signatureKey,
    credential,
    capabilities,
    source,
    extensions: leafExtensions,
  } = leafNode;
  const content = {
    encryptionKey,
    signatureKey,
    credential,
    capabilities,
    source,
    extensions: leafExtensions,
  };
  const position = { groupId: empty, leafIndex: toLeafIndex(0) };
  const leaf = signLeafNode(suite1, { ...content, ...changeLeaf(leafNode) }, davesKey, position);
  const basis = { version, cipherSuite, initKey, leafNode: leaf, extensions };
  return signKeyPackage(suite1, { ...basis, ...change(basis) }, davesKey);
}

function adding(peer: Peer, keyPackage: KeyPackage): MLSMessage {
  const proposal = { proposalType: ProposalType.add, keyPackage };
  return forge(peer, { contentType: ContentType.proposal, proposal });
}

function updating(peer: Peer, change: Partial<LeafNodeContent>): MLSMessage {
  const leaf = peer.group.state.tree.findLeaf(peer.group.state.ownLeafIndex);
  if (leaf === undefined) throw new Error('a leaf expected');
  const { publicKey: encryptionKey } = suite1.hpke.generateKeyPair();
  const source = { leafNodeSource: LeafNodeSource.update };
  const leafNode = resignLeaf(peer, leaf, { encryptionKey, source, ...change });
  return forge(peer, {
    contentType: ContentType.proposal,
    proposal: { proposalType: ProposalType.update, leafNode },
  });
}

const unsigned = (keyPackage: KeyPackage): KeyPackage => ({ ...keyPackage, signature: suite1.random(64) });
const nothing = (): Partial<KeyPackageTBS> => ({});

describe('an Add is refused and not cached', () => {
  it.each([
    ['whose KeyPackage is not signed [R10.1-03]', 'INVALID_SIGNATURE', unsigned(changedKeyPackage(nothing))],
    [
      'of another cipher suite [R10.1-01]',
      'WRONG_CIPHER_SUITE',
      changedKeyPackage(() => ({ cipherSuite: 3 })),
    ],
    ['of another version [R10.1-01]', 'UNSUPPORTED_VERSION', changedKeyPackage(() => ({ version: 2 }))],
    [
      'whose init key is the key of the leaf [R10.1-04]',
      'INVALID_KEY_PACKAGE',
      changedKeyPackage(({ leafNode }) => ({ initKey: leafNode.encryptionKey })),
    ],
    [
      'whose init key is malformed [R10-02, R5.1.1-01]',
      'INVALID_KEY',
      changedKeyPackage(() => ({ initKey: new Uint8Array(33) })),
    ],
    [
      'whose leaf key is malformed [R10-05]',
      'INVALID_KEY',
      changedKeyPackage(nothing, () => ({ encryptionKey: empty })),
    ],
    [
      'whose leaf is that of an Update [R7.3-11, R10-08]',
      'LEAF_NODE_WRONG_SOURCE',
      changedKeyPackage(nothing, () => ({ source: { leafNodeSource: LeafNodeSource.update } })),
    ],
    [
      'whose leaf is not signed [R7.3-03]',
      'INVALID_SIGNATURE',
      changedKeyPackage(({ leafNode }) => ({ leafNode: { ...leafNode, signature: suite1.random(64) } })),
    ],
    [
      'that is over [R7.3-09]',
      'LEAF_NODE_EXPIRED',
      changedKeyPackage(nothing, () => ({
        source: {
          leafNodeSource: LeafNodeSource.keyPackage,
          lifetime: { notBefore: NOW - 100n, notAfter: NOW - 1n },
        },
      })),
    ],
    [
      'that has not begun [R7.3-09]',
      'LEAF_NODE_EXPIRED',
      changedKeyPackage(nothing, () => ({
        source: {
          leafNodeSource: LeafNodeSource.keyPackage,
          lifetime: { notBefore: NOW + 1n, notAfter: NOW + 2n },
        },
      })),
    ],
    [
      'that ends before it begins [R7.2-10]',
      'LEAF_NODE_EXPIRED',
      changedKeyPackage(nothing, () => ({
        source: {
          leafNodeSource: LeafNodeSource.keyPackage,
          lifetime: { notBefore: NOW, notAfter: NOW - 1n },
        },
      })),
    ],
    [
      'that lasts too long [R7.2-09]',
      'LEAF_NODE_LIFETIME_TOO_LONG',
      changedKeyPackage(nothing, () => ({
        source: {
          leafNodeSource: LeafNodeSource.keyPackage,
          lifetime: { notBefore: 0n, notAfter: 2n ** 64n - 1n },
        },
      })),
    ],
    [
      'that does not list the suite [R7.3-18]',
      'UNSUPPORTED_CAPABILITY',
      changedKeyPackage(nothing, ({ capabilities }) => ({
        capabilities: { ...capabilities, cipherSuites: [2] },
      })),
    ],
    [
      'that does not list its own extension [R7.2-05, R7.3-10]',
      'UNSUPPORTED_EXTENSION',
      changedKeyPackage(nothing, () => ({ extensions: [{ extensionType: 0xf001, extensionData: empty }] })),
    ],
  ])('%s', async (_what, code, keyPackage) => {
    const [alice, bob, carol] = await acquainted();
    await expectRefused(bob, adding(alice, keyPackage), code);
    expect(bob.group.state.proposals).toEqual([]);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('of somebody who is not believed, on both sides [R7.3-02, R12.1.1-01]', async () => {
    const [alice, bob, carol] = await acquainted({ options: { identities: refusing('dave') } });
    const add = addOf(joiner(dave));
    await expect(alice.group.propose(add, framing)).rejects.toMatchObject({ code: 'INVALID_CREDENTIAL' });
    await expect(alice.group.commit({ proposals: [add] })).rejects.toMatchObject({
      code: 'INVALID_CREDENTIAL',
    });
    await expectRefused(bob, adding(alice, keyPackageOf(dave).keyPackage), 'INVALID_CREDENTIAL');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('but one that is over is taken when the policy says so [R7.3-09]', async () => {
    const [alice, bob] = await acquainted();
    const policy = { ...defaultPolicy, checkLifetimeOnReceive: false };
    const patient = restarted({ ...bob, party: { ...bob.party, options: { ...openDoors, policy } } });
    const over = { notBefore: lifetime.notBefore - 100n, notAfter: NOW - 1n };
    const { keyPackage } = keyPackageOf(dave, { lifetime: over });
    const received = await patient.group.process(adding(alice, keyPackage));
    expect(received.kind).toBe('proposal');
  });
});

describe('an Update is refused and not cached', () => {
  it.each([
    [
      'whose leaf is that of a KeyPackage [R7.3-12]',
      'LEAF_NODE_WRONG_SOURCE',
      { source: { leafNodeSource: LeafNodeSource.keyPackage, lifetime } },
    ],
    [
      'whose leaf is that of a commit [R7.3-12]',
      'LEAF_NODE_WRONG_SOURCE',
      { source: { leafNodeSource: LeafNodeSource.commit, parentHash: empty } },
    ],
    ['whose key is malformed [R5.1.1-01]', 'INVALID_KEY', { encryptionKey: new Uint8Array(31) }],
    [
      'that does not list its own extension [R12.1.2-01]',
      'UNSUPPORTED_EXTENSION',
      { extensions: [{ extensionType: 0xf001, extensionData: empty }] },
    ],
  ])('%s', async (_what, code, change) => {
    const [alice, bob, carol] = await acquainted();
    await expectRefused(bob, updating(alice, change), code);
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('whose key is the old one [R7.3-13]', async () => {
    const [alice, bob, carol] = await acquainted();
    const encryptionKey = alice.group.state.tree.findLeaf(0)?.encryptionKey ?? empty;
    await expectRefused(bob, updating(alice, { encryptionKey }), 'LEAF_KEY_NOT_CHANGED');
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('whose new name is no successor of the old one, or is not believed [R7.3-02, R5.3.1-07]', async () => {
    const [alice, bob, carol] = await acquainted({ options: { identities: refusing() } });
    const { credential } = party('mallory').identity;
    await expectRefused(bob, updating(alice, { credential }), 'INVALID_SUCCESSOR');
    const renamed = alice.group.proposeUpdate(framing, party('mallory').identity);
    await expect(renamed).rejects.toMatchObject({ code: 'INVALID_SUCCESSOR' });
    expect(alice.group.state.pendingUpdates).toEqual([]);
    const unbelieving = { ...bob.party.options, identities: refusing('alice') };
    const wary = restarted({ ...bob, party: { ...bob.party, options: unbelieving } });
    await expectRefused(wary, updating(alice, {}), 'INVALID_CREDENTIAL');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});
