import { describe, expect, it } from '@jest/globals';

import { encode, opaque, uint16 } from '@canopy/codec';
import { verifyWithLabel } from '@canopy/crypto';

import { Extensions, type Extension } from '../../src/extensions/extension.ts';
import { decodeMessage, encodeMessage } from '../../src/framing/message.ts';
import type { ClientIdentity } from '../../src/key-packages/client-identity.ts';
import { createKeyPackage } from '../../src/key-packages/create-key-package.ts';
import { KeyPackage } from '../../src/key-packages/key-package.ts';
import {
  isDefaultExtensionType,
  isDefaultProposalType,
  ProposalType,
  WireFormat,
} from '../../src/registries.ts';
import { LeafNode } from '../../src/tree/leaf-node.ts';
import { enter } from '../outsider.ts';
import {
  addOf,
  announce,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  found,
  keyPackageOf,
  lifetime,
  overTheWire,
  party,
  refusing,
  snapshot,
  suite1,
  trio,
} from '../parties.ts';
import { changedKeyPackage } from './10-key-package-forgery.ts';
import { forgeProposal, publicly } from './12.1-proposals.ts';

const dave = party('dave');

describe('a KeyPackage', () => {
  it('is version, suite, init key, leaf and extensions, signed as KeyPackageTBS [R10-01]', () => {
    const { keyPackage } = keyPackageOf(dave);
    const { version, cipherSuite, initKey, leafNode, extensions, signature } = keyPackage;
    const content = Buffer.concat([
      encode(uint16, version),
      encode(uint16, cipherSuite),
      encode(opaque, initKey),
      encode(LeafNode, leafNode),
      encode(Extensions, extensions),
    ]);
    const whole = Buffer.concat([content, encode(opaque, signature)]);
    expect(Buffer.from(encode(KeyPackage, keyPackage)).equals(whole)).toBe(true);
    const signed = { publicKey: leafNode.signatureKey, content, signature };
    expect(verifyWithLabel(suite1, { ...signed, label: 'KeyPackageTBS' })).toBe(true);
    expect(verifyWithLabel(suite1, { ...signed, label: 'LeafNodeTBS' })).toBe(false);
  });

  it('lists every type of its extensions, and of those of its leaf, however often it is made [R10-09, R7.2-05]', () => {
    const leafExtensions = [
      { extensionType: 0xf00a, extensionData: empty },
      { extensionType: 1, extensionData: bytes('an application id') },
    ];
    const capabilities = { extensions: [0xf00a, 0xf00b] };
    const erin = party('erin', { leafExtensions, capabilities });
    for (let count = 0; count < 50; count++) {
      const { leafNode, extensions } = keyPackageOf(erin, { grease: count % 2 === 0 }).keyPackage;
      const present = [...extensions, ...leafNode.extensions].map(({ extensionType }) => extensionType);
      const listed = leafNode.capabilities.extensions;
      expect(present.filter((type) => !isDefaultExtensionType(type) && !listed.includes(type))).toEqual([]);
      expect(listed.some(isDefaultExtensionType)).toBe(false);
      expect(leafNode.capabilities.proposals.some(isDefaultProposalType)).toBe(false);
    }
  });

  it('whose extensions are unknown, be they listed or not, can be added [R10-09, R10-10]', async () => {
    const unknown: Extension[] = [0x2a2a, 0xf123, 0xfffe].map((extensionType) => ({
      extensionType,
      extensionData: suite1.random(40),
    }));
    const own = keyPackageOf(dave);
    const keyPackage = changedKeyPackage(dave, { extensions: unknown }, {}, own);
    const all = await trio();
    const newcomer = { party: dave, keyPackage: { ...own, keyPackage } };
    const [alice, bob, carol] = all;
    await announce(forgeProposal(bob, addOf(newcomer)), alice, carol);
    expect(carol.group.state.proposals).toHaveLength(1);
    const members = await commitBy(alice, all, { includeReceived: false }, [newcomer]);
    expectAgreement(members);
    await expectConversation(members);
  });

  it('of another version than its message is refused: in a message there is mls10 only [R10-07]', async () => {
    const old = changedKeyPackage(dave, { version: 2 });
    const { keyPackage } = keyPackageOf(dave);
    const message = encodeMessage({ wireFormat: WireFormat.keyPackage, keyPackage });
    expect(decodeMessage(message).wireFormat).toBe(WireFormat.keyPackage);
    expect(() => decodeMessage(message.with(1, 2))).toThrow(expect.objectContaining({ name: 'CodecError' }));
    const arrived = overTheWire({ wireFormat: WireFormat.keyPackage, keyPackage: old });
    if (arrived.wireFormat !== WireFormat.keyPackage) throw new Error('a KeyPackage expected');
    const [alice] = await trio();
    const add = { proposalType: ProposalType.add, keyPackage: arrived.keyPackage };
    await expect(alice.group.commit({ proposals: [add] })).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
      requirement: 'R10.1-01',
    });
  });
});

describe('what no own leaf may say', () => {
  const { identity } = dave;
  const { capabilities } = identity;
  const saying = (change: Partial<ClientIdentity['capabilities']>): ClientIdentity => ({
    ...identity,
    capabilities: { ...capabilities, ...change },
  });
  const unlisted = { ...identity, leafExtensions: [{ extensionType: 0xf001, extensionData: empty }] };
  const cases: readonly (readonly [string, string, string, ClientIdentity])[] = [
    ['a default proposal type [R7.2-03]', 'MISUSE', 'R7.2-03', saying({ proposals: [3] })],
    ['a default extension type [R7.2-03]', 'MISUSE', 'R7.2-03', saying({ extensions: [0xf001, 5] })],
    ['no mls10 [R7.2-04]', 'UNSUPPORTED_CAPABILITY', 'R7.2-04', saying({ versions: [0x0a0a] })],
    [
      'not its suite [R7.2-04, R7.3-18]',
      'UNSUPPORTED_CAPABILITY',
      'R7.2-04',
      saying({ cipherSuites: [2, 3] }),
    ],
    ['not its credential [R7.2-04]', 'UNSUPPORTED_CAPABILITY', 'R7.2-04', saying({ credentials: [2] })],
    ['an unlisted extension [R7.2-05, R10-09]', 'UNSUPPORTED_EXTENSION', 'R7.2-05', unlisted],
  ];

  it.each(cases)(
    'is %s: in no KeyPackage, new group or new keys [R11-07]',
    async (_what, code, requirement, bad) => {
      const refused = { name: 'MlsError', code, requirement };
      const request = { suite: suite1, identity: bad, lifetime, grease: true };
      expect(() => createKeyPackage(request)).toThrow(expect.objectContaining(refused));
      const who = { ...dave, identity: bad };
      await expect(found(who)).rejects.toMatchObject(refused);
      const [alice, bob, carol] = await trio({ options: { identities: refusing() } });
      const before = snapshot(alice);
      const davesName = { ...bad, credential: alice.party.identity.credential };
      await expect(alice.group.proposeUpdate(publicly, davesName)).rejects.toMatchObject(refused);
      await expect(alice.group.commit({ identity: davesName })).rejects.toMatchObject(refused);
      await expect(enter(who, alice)).rejects.toMatchObject(refused);
      expect(snapshot(alice)).toBe(before);
      expectAgreement(await commitBy(alice, [alice, bob, carol]));
    },
  );
});
