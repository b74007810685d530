import { describe, expect, it } from '@jest/globals';

import { encode, opaque } from '@canopy/codec';
import { deriveSecret, getCipherSuite, type CipherSuite } from '@canopy/crypto';

import { createExtension } from '../../src/extensions/extension.ts';
import { ExternalSenders } from '../../src/extensions/external-senders.ts';
import { createGroupId } from '../../src/group/create-group.ts';
import { requireBestCipherSuite, selectCipherSuite } from '../../src/key-packages/select-cipher-suite.ts';
import { CredentialType, ExtensionType } from '../../src/registries.ts';
import type { Capabilities } from '../../src/tree/capabilities.ts';
import { LeafNodeSource } from '../../src/tree/leaf-node.ts';
import { treeHash } from '../../src/tree/tree-hash.ts';
import {
  addOf,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  found,
  joiner,
  lifetime,
  party,
  suite1,
} from '../parties.ts';
import { hex } from '../suites.ts';
import { demanding, expectNotCommitted } from './12.1-proposals.ts';

const suites = [1, 2, 3, 4, 5, 6, 7].map((id) => getCipherSuite(id));
const application = { extensionType: 0xf001, extensionData: suite1.random(9) };
const able = { capabilities: { extensions: [0xf001] } };

describe('a new group', () => {
  it.each(suites)(
    'has one member in the first place, epoch 0, no transcript and the extensions of its creator: $name [R11-01, R12.1-04]',
    async (suite) => {
      const extensions = [application];
      const alice = await found(party('alice', { suite, ...capableOf(suite) }), { extensions });
      const { groupContext, tree, ownLeafIndex } = alice.group.state;
      expect(groupContext).toMatchObject({ version: 1, cipherSuite: suite.id, epoch: 0n, extensions });
      expect(groupContext.confirmedTranscriptHash).toEqual(empty);
      expect([tree.leafCount, tree.memberCount, ownLeafIndex]).toEqual([1, 1, 0]);
      expect(hex(groupContext.treeHash)).toBe(hex(treeHash(suite, tree.root)));
      await commitBy(alice, [alice]);
      expect(alice.group.epoch).toBe(1n);
    },
  );

  it('begins with a random epoch secret, from which the secrets of epoch 0 follow at once [R11-01, R11-02]', async () => {
    const drawn: Uint8Array[] = [];
    const recording: CipherSuite = {
      ...suite1,
      random(length) {
        const bytes = suite1.random(length);
        drawn.push(Uint8Array.from(bytes));
        return bytes;
      },
    };
    const { group } = await found(party('alice', { suite: recording }));
    const { secrets } = group.state;
    const epochSecrets = drawn.filter(
      (bytes) => hex(deriveSecret(suite1, bytes, 'authentication')) === hex(group.epochAuthenticator),
    );
    expect(epochSecrets).toHaveLength(1);
    const [epochSecret = empty] = epochSecrets;
    expect(epochSecret).toHaveLength(suite1.kdf.size);
    expect(hex(secrets.initSecret)).toBe(hex(deriveSecret(suite1, epochSecret, 'init')));
    expect(hex(secrets.confirmationKey)).toBe(hex(deriveSecret(suite1, epochSecret, 'confirm')));
    const other = await found(party('alice'));
    expect(hex(other.group.epochAuthenticator)).not.toBe(hex(group.epochAuthenticator));
  });

  it('has an interim transcript hash over the tag of the empty transcript alone [R11-03]', async () => {
    const { group } = await found(party('alice'));
    const { secrets, confirmationTag, interimTranscriptHash } = group.state;
    const tag = suite1.mac.compute(secrets.confirmationKey, empty);
    expect(hex(confirmationTag)).toBe(hex(tag));
    expect(hex(interimTranscriptHash)).toBe(hex(suite1.hash.digest(encode(opaque, tag))));
    const info = group.groupInfo({ ratchetTree: true, externalPub: true, grease: false });
    expect(hex(info.confirmationTag)).toBe(hex(tag));
  });

  it.each(suites)('gets an id that no other group has: $name [R11-05]', (suite) => {
    const ids = Array.from({ length: 200 }, () => createGroupId(suite));
    expect(new Set(ids.map(hex)).size).toBe(200);
    expect(new Set(ids.map(({ length }) => length))).toEqual(new Set([suite.kdf.size]));
  });

  it("has its creator's leaf from a KeyPackage, with a lifetime [R11-07]", async () => {
    const { group } = await found(party('alice'));
    expect(group.state.tree.findLeaf(0)?.source).toEqual({
      leafNodeSource: LeafNodeSource.keyPackage,
      lifetime,
    });
    const over = { notBefore: 0n, notAfter: 1n };
    await expect(found(party('alice'), { lifetime: over })).rejects.toMatchObject({
      code: 'LEAF_NODE_EXPIRED',
      requirement: 'R7.3-08',
    });
  });

  it('is not made when its creator does not meet its extensions [R11-07]', async () => {
    const alice = party('alice', { capabilities: { credentials: [CredentialType.basic] } });
    for (const [extension, code, requirement] of [
      [application, 'UNSUPPORTED_EXTENSION', 'R7.3-19'],
      [demanding({ extensionTypes: [0xf001] }), 'UNSUPPORTED_CAPABILITY', 'R7.3-04'],
      [demanding({ proposalTypes: [0xf001] }), 'UNSUPPORTED_CAPABILITY', 'R7.3-04'],
      [demanding({ credentialTypes: [CredentialType.x509] }), 'UNSUPPORTED_CAPABILITY', 'R7.3-04'],
    ] as const) {
      await expect(found(alice, { extensions: [extension] })).rejects.toMatchObject({ code, requirement });
    }
    const good = await found(party('alice', able), { extensions: [application] });
    expect(good.group.epoch).toBe(0n);
  });

  it('may ask for default types, which nobody lists; credential types are listed [R11.1-02]', async () => {
    const all = demanding({
      extensionTypes: [1, 2, 3, 4, 5],
      proposalTypes: [1, 2, 3, 4, 5, 6, 7],
      credentialTypes: [CredentialType.basic],
    });
    const senders = createExtension(ExtensionType.externalSenders, ExternalSenders, []);
    const alice = await found(party('alice'), { extensions: [all, senders] });
    const members = await commitBy(alice, [alice], {}, [joiner(party('bob'))]);
    expectAgreement(members);
    await expectConversation(members);
    const bothKinds = { proposalType: 7, extensions: [demanding({ credentialTypes: [1, 2] })] } as const;
    await commitBy(alice, members, { proposals: [bothKinds] });
    const basicOnly = joiner(party('carol', { capabilities: { credentials: [CredentialType.basic] } }));
    const request = { proposals: [addOf(basicOnly)] };
    await expectNotCommitted(alice, request, 'UNSUPPORTED_CAPABILITY', 'R7.3-04');
  });
});

function capableOf({ id }: CipherSuite): {
  readonly capabilities: { readonly extensions: readonly number[]; readonly cipherSuites: readonly number[] };
} {
  return { capabilities: { extensions: [0xf001], cipherSuites: [id] } };
}

const supporting = (...cipherSuites: readonly number[]): Pick<Capabilities, 'versions' | 'cipherSuites'> => ({
  versions: [1, 0x0a0a],
  cipherSuites,
});

describe('the suite of a new group', () => {
  const preference = [6, 4, 3, 1, 2];
  const invitees = [supporting(1, 3, 0x1a1a, 2), supporting(3, 2, 0x1a1a, 1), supporting(1, 2, 3)];

  it('is the first of the creator that all invitees support [R11-04]', () => {
    expect(selectCipherSuite(preference, invitees)).toBe(3);
    expect(selectCipherSuite(preference, [...invitees, supporting(2, 1)])).toBe(1);
    expect(selectCipherSuite(preference, [])).toBe(6);
  });

  it('is not made up when there is none, or somebody does not speak the version [R11-04]', () => {
    const refused = expect.objectContaining({ code: 'UNSUPPORTED_CAPABILITY', requirement: 'R11-04' });
    expect(() => selectCipherSuite(preference, [...invitees, supporting(5, 7)])).toThrow(refused);
    expect(() => selectCipherSuite(preference, [{ versions: [2], cipherSuites: [3] }])).toThrow(refused);
  });

  it('is refused when a better one was possible: nobody is talked into a weaker one [R11-04]', () => {
    const refused = expect.objectContaining({ code: 'WRONG_CIPHER_SUITE', requirement: 'R11-04' });
    expect(() => requireBestCipherSuite(1, preference, invitees)).toThrow(refused);
    expect(requireBestCipherSuite(3, preference, invitees)).toBeUndefined();
  });

  it('is told by the KeyPackages themselves [R11-04]', () => {
    const leaves = ['bob', 'carol'].map((name) => {
      const settings = { capabilities: { cipherSuites: [1, 3] } };
      return joiner(party(name, settings)).keyPackage.keyPackage.leafNode.capabilities;
    });
    expect(selectCipherSuite([4, 3, 1], leaves)).toBe(3);
  });
});
