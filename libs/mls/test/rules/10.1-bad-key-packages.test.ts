import { describe, expect, it } from '@jest/globals';

import { getCipherSuite } from '@canopy/crypto';

import { IdentityAnswers } from '../../src/credentials/identity.ts';
import type { KeyPackage } from '../../src/key-packages/key-package.ts';
import { validateKeyPackage } from '../../src/key-packages/validate-key-package.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { ProposalType } from '../../src/registries.ts';
import { LeafNodeSource, type LeafNodeContent } from '../../src/tree/leaf-node.ts';
import type { Lifetime } from '../../src/tree/lifetime.ts';
import type { LeafValidation } from '../../src/tree/validate-leaf-node.ts';
import { acceptAll, addOf, empty, joiner, keyPackageOf, NOW, party, refusing, suite1 } from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { changedKeyPackage } from './10-key-package-forgery.ts';
import { byValue, expectNotCommitted, expectNotProposed, forgeProposal, pathless } from './12.1-proposals.ts';

const dave = party('dave');
const { capabilities } = dave.identity;
const good = keyPackageOf(dave);
const suite2 = getCipherSuite(2);

const living = (lasting: Lifetime): Partial<LeafNodeContent> => ({
  source: { leafNodeSource: LeafNodeSource.keyPackage, lifetime: lasting },
});
const withLeaf = (change: Partial<LeafNodeContent>): KeyPackage => changedKeyPackage(dave, {}, change);
const ofLeaf = (leafNode: KeyPackage['leafNode']): KeyPackage => changedKeyPackage(dave, { leafNode });

interface BadKeyPackage {
  readonly what: string;
  readonly code: string;
  readonly requirement: string;
  readonly keyPackage: KeyPackage;
  /** The requirement for a receiver, where it is another one. */
  readonly received?: string;
}

const bad = (what: string, code: string, requirement: string, keyPackage: KeyPackage): BadKeyPackage => ({
  what,
  code,
  requirement,
  keyPackage,
});

const badKeyPackages: readonly BadKeyPackage[] = [
  bad(
    'of another cipher suite [R10.1-01]',
    'WRONG_CIPHER_SUITE',
    'R10.1-01',
    changedKeyPackage(dave, { cipherSuite: 3 }),
  ),
  bad(
    'of another version [R10.1-01, R10-07]',
    'UNSUPPORTED_VERSION',
    'R10.1-01',
    changedKeyPackage(dave, { version: 2 }),
  ),
  bad('that is not signed [R10.1-03, R10-06]', 'INVALID_SIGNATURE', 'R10.1-03', {
    ...good.keyPackage,
    signature: suite1.random(64),
  }),
  bad('signed by somebody else than its leaf [R10.1-03]', 'INVALID_SIGNATURE', 'R10.1-03', {
    ...good.keyPackage,
    signature: changedKeyPackage(party('dave'), {}, {}, good).signature,
  }),
  bad(
    'whose init key is the key of its leaf [R10.1-04]',
    'INVALID_KEY_PACKAGE',
    'R10.1-04',
    changedKeyPackage(dave, { initKey: good.keyPackage.leafNode.encryptionKey }, {}, good),
  ),
  bad(
    'whose init key is malformed [R10-02, R5.1.1-01]',
    'INVALID_KEY',
    'R5.1.1-01',
    changedKeyPackage(dave, { initKey: new Uint8Array(33) }),
  ),
  bad(
    'whose leaf has a key of another suite [R10-05]',
    'INVALID_KEY',
    'R5.1.1-01',
    withLeaf({ encryptionKey: suite2.hpke.generateKeyPair().publicKey }),
  ),
  bad(
    'whose leaf has a signature key of another suite [R10-05]',
    'INVALID_KEY',
    'R5.1.2-01',
    withLeaf({ signatureKey: suite2.signature.generateKeyPair().publicKey }),
  ),
  bad(
    'whose leaf is that of an Update [R7.3-11, R10-08, R10.1-02]',
    'LEAF_NODE_WRONG_SOURCE',
    'R7.3-11',
    withLeaf({ source: { leafNodeSource: LeafNodeSource.update } }),
  ),
  bad(
    'whose leaf is that of a commit [R7.3-11, R10-08, R10.1-02]',
    'LEAF_NODE_WRONG_SOURCE',
    'R7.3-11',
    withLeaf({ source: { leafNodeSource: LeafNodeSource.commit, parentHash: empty } }),
  ),
  bad(
    'whose leaf is not signed [R7.3-03, R10.1-02]',
    'INVALID_SIGNATURE',
    'R7.3-03',
    ofLeaf({ ...good.keyPackage.leafNode, signature: suite1.random(64) }),
  ),
  bad(
    'whose leaf was changed after it was signed [R7.2-12, R10.1-02]',
    'INVALID_SIGNATURE',
    'R7.3-03',
    ofLeaf({ ...good.keyPackage.leafNode, extensions: [{ extensionType: 1, extensionData: empty }] }),
  ),
  {
    ...bad(
      'that is over [R7.3-08, R7.3-09, R10.1-02] (S8)',
      'LEAF_NODE_EXPIRED',
      'R7.3-08',
      withLeaf(living({ notBefore: NOW - 100n, notAfter: NOW - 1n })),
    ),
    received: 'R7.3-09',
  },
  {
    ...bad(
      'that has not begun [R7.3-08, R7.3-09, R10.1-02] (S8)',
      'LEAF_NODE_EXPIRED',
      'R7.3-08',
      withLeaf(living({ notBefore: NOW + 1n, notAfter: NOW + 2n })),
    ),
    received: 'R7.3-09',
  },
  bad(
    'that ends before it begins [R7.2-10]',
    'LEAF_NODE_EXPIRED',
    'R7.2-10',
    withLeaf(living({ notBefore: NOW, notAfter: NOW - 1n })),
  ),
  bad(
    'that lasts for ever [R7.2-09] (S8)',
    'LEAF_NODE_LIFETIME_TOO_LONG',
    'R7.2-09',
    withLeaf(living({ notBefore: 0n, notAfter: 2n ** 64n - 1n })),
  ),
  bad(
    'that does not list its suite [R7.3-18]',
    'UNSUPPORTED_CAPABILITY',
    'R7.3-18',
    withLeaf({ capabilities: { ...capabilities, cipherSuites: [2] } }),
  ),
  bad(
    'that does not list its version [R7.3-18]',
    'UNSUPPORTED_CAPABILITY',
    'R7.3-18',
    withLeaf({ capabilities: { ...capabilities, versions: [2] } }),
  ),
  bad(
    'that does not list its own credential type [R7.2-06]',
    'UNSUPPORTED_CAPABILITY',
    'R7.2-06',
    withLeaf({ capabilities: { ...capabilities, credentials: [2] } }),
  ),
  bad(
    'that does not list the extension of its leaf [R7.2-05, R7.3-10]',
    'UNSUPPORTED_EXTENSION',
    'R7.3-10',
    withLeaf({ extensions: [{ extensionType: 0xf001, extensionData: empty }] }),
  ),
];

const add = (keyPackage: KeyPackage): Parameters<typeof forgeProposal>[1] => ({
  proposalType: ProposalType.add,
  keyPackage,
});

/** What a member judges a KeyPackage by that it fetched. */
const judge = async ({ leafNode }: KeyPackage): Promise<LeafValidation> => ({
  suite: suite1,
  policy: defaultPolicy,
  nowSeconds: NOW,
  identities: await IdentityAnswers.ask(acceptAll, [{ kind: 'credential', presented: leafNode }]),
});

describe('a KeyPackage is refused', () => {
  it.each(badKeyPackages)(
    '$what: when it is fetched [R10.1-05]',
    async ({ code, requirement, keyPackage, received = requirement }) => {
      const by = await judge(keyPackage);
      expect(() => validateKeyPackage(keyPackage, by)).toThrow(
        expect.objectContaining({ name: 'MlsError', code, requirement: received ?? requirement }),
      );
      expect(validateKeyPackage(good.keyPackage, await judge(good.keyPackage))).toBeUndefined();
    },
  );

  it.each(badKeyPackages)(
    '$what: proposed or committed, by its own member and by others [R12.1.1-01, R12.2-02] (S8)',
    async ({ code, requirement, keyPackage, received = requirement }) => {
      const [alice, bob, carol] = await acquainted();
      await expectNotProposed(alice, add(keyPackage), code, requirement);
      await expectNotCommitted(alice, { proposals: [add(keyPackage)] }, code, requirement);
      await expectRefused(bob, forgeProposal(alice, add(keyPackage)), code, received);
      expect(bob.group.state.proposals).toEqual([]);
      await expectRefused(bob, pathless(alice, byValue(add(keyPackage))), code, received);
      await expectGoesOn(alice, [alice, bob, carol]);
    },
  );

  it('of a point that is not on the curve, in a group of that suite [R10-02, R10-05]', async () => {
    const [alice, bob, carol] = await acquainted({ suite: suite2 });
    const erin = party('erin', { suite: suite2 });
    const { initKey } = keyPackageOf(erin).keyPackage;
    const offCurve = initKey.with(64, (initKey[64] ?? 0) ^ 1);
    const compressed = Uint8Array.from([2 + ((initKey[64] ?? 0) & 1), ...initKey.subarray(1, 33)]);
    for (const key of [offCurve, compressed]) {
      for (const keyPackage of [
        changedKeyPackage(erin, { initKey: key }),
        changedKeyPackage(erin, {}, { encryptionKey: key }),
      ]) {
        await expectNotProposed(alice, add(keyPackage), 'INVALID_KEY', 'R5.1.1-01');
        await expectRefused(bob, forgeProposal(alice, add(keyPackage)), 'INVALID_KEY', 'R5.1.1-01');
      }
    }
    await expectGoesOn(alice, [alice, bob, carol]);
  });

  it('of somebody who is not believed, on both sides [R7.3-02, R12.1.1-01]', async () => {
    const [alice, bob, carol] = await acquainted({ options: { identities: refusing('dave') } });
    const proposal = addOf(joiner(dave));
    await expectNotProposed(alice, proposal, 'INVALID_CREDENTIAL', 'R7.3-02');
    await expectNotCommitted(alice, { proposals: [proposal] }, 'INVALID_CREDENTIAL', 'R7.3-02');
    await expectRefused(bob, forgeProposal(alice, proposal), 'INVALID_CREDENTIAL', 'R7.3-02');
    await expectRefused(bob, pathless(alice, byValue(proposal)), 'INVALID_CREDENTIAL', 'R7.3-02');
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});
