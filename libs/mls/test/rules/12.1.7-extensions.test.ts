import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';

import { createExtension, Extensions, type Extension } from '../../src/extensions/extension.ts';
import { ExternalSenders } from '../../src/extensions/external-senders.ts';
import { CredentialType, ExtensionType } from '../../src/registries.ts';
import {
  addOf,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  groupOf,
  join,
  joiner,
  keyPackageOf,
  party,
  receive,
  removeOf,
  snapshot,
  trio,
  type Peer,
} from '../parties.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { forgeWelcome, invite } from '../refusal/forge-welcome.ts';
import { changedKeyPackage } from './10-key-package-forgery.ts';
import {
  byReference,
  byValue,
  demanding,
  expectNotCommitted,
  forgeProposal,
  listing,
  publicly,
  replaceExtensions,
  settle,
  spread,
} from './12.1-proposals.ts';

const able = { capabilities: { extensions: [0xf001], proposals: [0xf003] } };
const extensionF001: Extension = { extensionType: 0xf001, extensionData: bytes('whatever') };

/** Alice and Bob, who can do more, and Carol, who cannot. */
async function unequal(): Promise<readonly [Peer, Peer, Peer]> {
  const two = await groupOf(['alice', 'bob'], able);
  const [alice, bob] = two;
  if (alice === undefined || bob === undefined) throw new Error('two expected');
  const plain = joiner(party('carol', { capabilities: { credentials: [CredentialType.basic] } }));
  const carol = (await commitBy(alice, two, { forcePath: true }, [plain])).at(-1);
  if (carol === undefined) throw new Error('a newcomer expected');
  await expectConversation([alice, bob, carol]);
  return [alice, bob, carol];
}

/** Requires that extensions are refused by Alice and by Bob, alone, where they would be kept, and in a commit. */
async function expectShut(alice: Peer, bob: Peer, extension: Extension, refused: object): Promise<void> {
  const replace = replaceExtensions(extension);
  const before = [alice, bob].map(snapshot);
  await expect(alice.group.propose(replace, publicly)).rejects.toMatchObject(refused);
  await expect(alice.group.commit({ proposals: [replace] })).rejects.toMatchObject(refused);
  await expect(receive(bob, forgeProposal(alice, replace))).rejects.toMatchObject(refused);
  await expect(receive(bob, await listing(alice, byValue(replace)))).rejects.toMatchObject(refused);
  expect([alice, bob].map(snapshot)).toEqual(before);
  expect(bob.group.state.proposals).toEqual([]);
}

const demands: readonly (readonly [string, string, Extension])[] = [
  ['demand an extension type', 'R12.1.7-01', demanding({ extensionTypes: [0xf001] })],
  ['demand a proposal type', 'R12.1.7-01', demanding({ proposalTypes: [0xf003] })],
  ['demand a credential type', 'R12.1.7-01', demanding({ credentialTypes: [CredentialType.x509] })],
  ['are of a type', 'R12.1.7-03', extensionF001],
];

describe('extensions that', () => {
  it.each(demands)(
    '%s which a member does not support are refused on both sides, by value and by reference [R12.1.7-01, R12.1.7-03, R11.1-03]',
    async (_what, requirement, extension) => {
      const all = await unequal();
      const [alice, bob, carol] = all;
      const replace = replaceExtensions(extension);
      const code = 'UNSUPPORTED_CAPABILITY';
      await expectNotCommitted(alice, { proposals: [replace] }, code, requirement);
      await expectRefused(bob, await listing(alice, byValue(replace)), code, requirement);
      await spread(bob, all, replace);
      const [reference = empty] = alice.group.state.proposals.map((cached) => cached.reference);
      await expectRefused(carol, await listing(alice, byReference(reference)), code, requirement);
      await expectGoesOn(alice, all);
    },
  );

  it.each(demands)(
    '%s which a member does not support are taken when the commit removes that member [R12.1.7-01, R12.1.7-03]',
    async (_what, _requirement, extension) => {
      const [alice, bob, carol] = await unequal();
      const replace = replaceExtensions(extension);
      expect(
        await settle(alice, [alice, bob, carol], { proposals: [replace, removeOf(carol)] }),
      ).toHaveLength(2);
      expect(bob.group.state.groupContext.extensions).toEqual([extension]);
      await expectConversation([alice, bob]);
    },
  );

  it.each(demands)(
    '%s which a client does not support that the same commit adds are refused on both sides [R12.1.7-01, R12.3-02] (S8)',
    async (_what, _requirement, extension) => {
      const two = await groupOf(['alice', 'bob'], able);
      const [alice, bob] = two;
      if (alice === undefined || bob === undefined) throw new Error('two expected');
      const plain = party('carol', { capabilities: { credentials: [CredentialType.basic] } });
      const proposals = [replaceExtensions(extension), addOf(joiner(plain))];
      const refused = { name: 'MlsError', code: expect.stringMatching(/^UNSUPPORTED/) };
      for (const list of [proposals, proposals.toReversed()]) {
        await expect(alice.group.commit({ proposals: list })).rejects.toMatchObject(refused);
        const forged = await listing(alice, ...list.map(byValue));
        await expect(bob.group.process(forged)).rejects.toMatchObject(refused);
      }
      expectAgreement(await commitBy(alice, two));
    },
  );

  it.each([0x0a0a, 0x7a7a, 0xeaea])(
    'hold the GREASE value %i are refused on both sides [R12.1.7-03, R13.5-03]',
    async (type) => {
      const all = await trio({ capabilities: { extensions: [type] } });
      const [alice, bob] = all;
      const grease = { extensionType: type, extensionData: empty };
      await expectShut(alice, bob, grease, { name: 'MlsError', requirement: 'R13.5-03' });
      expectAgreement(await commitBy(alice, all));
    },
  );

  it('are replaced are replaced as a whole, in the order of the proposal [R12.1.7-02]', async () => {
    const both = { capabilities: { extensions: [0xf001, 0xf002] } };
    const all = await trio(both);
    const [alice, bob, carol] = all;
    const extensionF002 = { extensionType: 0xf002, extensionData: bytes('second') };
    const senders = createExtension(ExtensionType.externalSenders, ExternalSenders, []);
    for (const list of [
      [extensionF002, senders, extensionF001],
      [extensionF001, extensionF002],
      [senders],
      [],
    ]) {
      expect(await settle(alice, all, { proposals: [replaceExtensions(...list)] })).toHaveLength(1);
      for (const { group } of [bob, carol]) {
        expect(encode(Extensions, group.state.groupContext.extensions)).toEqual(encode(Extensions, list));
      }
    }
  });
});

describe('required_capabilities', () => {
  const absurd = demanding({ extensionTypes: [0xf0f0], credentialTypes: [0xf0f0] });
  const malformed = { extensionType: ExtensionType.requiredCapabilities, extensionData: bytes('?') };

  it.each([
    ['demand nothing', absurd],
    ['are not even read', malformed],
  ])('in a KeyPackage and its leaf %s [R11.1-01]', async (_what, extension) => {
    const all = await trio();
    const [alice] = all;
    const dave = party('dave');
    const own = keyPackageOf(dave);
    const keyPackage = changedKeyPackage(dave, { extensions: [extension] }, { extensions: [extension] }, own);
    const newcomer = { party: dave, keyPackage: { ...own, keyPackage } };
    const members = await commitBy(alice, all, {}, [newcomer]);
    expectAgreement(members);
    await expectConversation(members);
  });

  it.each([
    ['demand nothing', absurd],
    ['are not even read', malformed],
  ])('among the extensions of a GroupInfo %s [R11.1-01]', async (_what, extension) => {
    const invited = await invite();
    const welcome = forgeWelcome(invited, {
      groupInfo: (info) => ({ ...info, extensions: [...info.extensions, extension] }),
    });
    const dave = await join(invited.joiner, welcome);
    expect(dave.group.state.groupContext.extensions).toEqual([]);
    expectAgreement([invited.committer, dave]);
  });

  it.each([
    ['required_capabilities', ExtensionType.requiredCapabilities],
    ['external_senders', ExtensionType.externalSenders],
  ])(
    'in the GroupContext that are malformed are refused on both sides: %s [R11.1-01]',
    async (_what, type) => {
      const all = await trio();
      const [alice, bob] = all;
      const extension = { extensionType: type, extensionData: bytes('?') };
      await expectShut(alice, bob, extension, { name: 'CodecError' });
      expectAgreement(await commitBy(alice, all));
    },
  );
});
