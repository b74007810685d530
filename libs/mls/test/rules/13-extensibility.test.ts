import { describe, expect, it } from '@jest/globals';

import { encode } from '@canopy/codec';

import type { Extension } from '../../src/extensions/extension.ts';
import { supportedCapabilities } from '../../src/key-packages/create-key-package.ts';
import { selectCipherSuite } from '../../src/key-packages/select-cipher-suite.ts';
import { validateKeyPackage } from '../../src/key-packages/validate-key-package.ts';
import { IdentityAnswers } from '../../src/credentials/identity.ts';
import { defaultPolicy } from '../../src/policy.ts';
import { CredentialType, ExtensionType, isGrease, ProposalType } from '../../src/registries.ts';
import { RequiredCapabilities } from '../../src/extensions/required-capabilities.ts';
import {
  acceptAll,
  addOf,
  bytes,
  commitBy,
  empty,
  expectAgreement,
  found,
  groupOf,
  join,
  joiner,
  keyPackageOf,
  NOW,
  party,
  suite1,
  type Party,
  type PartySettings,
} from '../parties.ts';
import { acquainted, expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { forgeWelcome, invite } from '../refusal/forge-welcome.ts';
import { byValue, expectNotCommitted, listing } from './12.1-proposals.ts';

const extension = (extensionType: number, extensionData: Uint8Array = empty): Extension => ({
  extensionType,
  extensionData,
});
const listingExtensions = (...extensions: readonly number[]): PartySettings => ({
  capabilities: { extensions },
});
const replacing = (...extensions: readonly Extension[]) => ({
  proposalType: ProposalType.groupContextExtensions,
  extensions,
});
const requiring = (more: Partial<RequiredCapabilities>): Extension =>
  extension(
    ExtensionType.requiredCapabilities,
    encode(RequiredCapabilities, { extensionTypes: [], proposalTypes: [], credentialTypes: [], ...more }),
  );

describe('what not everybody supports', () => {
  it('is not required of proposals, by whoever commits it [R13.2-01]', async () => {
    const members = await acquainted();
    const [alice, bob] = members;
    const demand = replacing(requiring({ proposalTypes: [0xf001] }));
    const fault = ['UNSUPPORTED_CAPABILITY', 'R12.1.7-01'] as const;
    await expectNotCommitted(alice, { proposals: [demand] }, ...fault);
    await expectRefused(bob, await listing(alice, byValue(demand)), ...fault);
    await expectGoesOn(alice, members);
  });

  it('is not used as a credential [R13.3-01]', async () => {
    const members = await acquainted({ capabilities: { credentials: [CredentialType.basic] } });
    const [alice, bob] = members;
    const certified = party('dave', {
      credential: { credentialType: CredentialType.x509, certificates: [{ certData: bytes('der') }] },
    });
    const add = addOf(joiner(certified));
    const fault = ['UNSUPPORTED_CAPABILITY', 'R7.3-06'] as const;
    await expectNotCommitted(alice, { proposals: [add] }, ...fault);
    await expectRefused(bob, await listing(alice, byValue(add)), ...fault);
    await expectGoesOn(alice, members);
  });

  it('is not in a group that a client is added to [R13.4-05]', async () => {
    const members = await groupOf(['alice', 'bob'], listingExtensions(0xf00a), {
      extensions: [extension(0xf00a)],
    });
    const [alice, bob] = members;
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const add = addOf(joiner(party('dave', listingExtensions(0xf00b))));
    const fault = ['UNSUPPORTED_EXTENSION', 'R7.3-19'] as const;
    await expectNotCommitted(alice, { proposals: [add] }, ...fault);
    await expectRefused(bob, await listing(alice, byValue(add)), ...fault);
    const dave = joiner(party('dave', listingExtensions(0xf00a)));
    expectAgreement(await commitBy(alice, members, {}, [dave]));
  });
});

const offering = (settings: PartySettings) => () => keyPackageOf(party('dave', settings), { grease: false });

describe('what a client says of itself', () => {
  const refused = expect.objectContaining({ code: 'MISUSE', requirement: 'R13.4-01' });

  it('is what it can do [R13.4-01]', () => {
    expect(offering({ capabilities: { versions: [1, 2] } })).toThrow(refused);
    expect(offering({ capabilities: { cipherSuites: [1, 8] } })).toThrow(refused);
    expect(offering({ capabilities: { proposals: [8] } })).toThrow(refused);
    expect(offering({ capabilities: { credentials: [1, 3] } })).toThrow(refused);
    expect(offering({ capabilities: supportedCapabilities([1, 2, 3, 4, 5, 6, 7]) })).not.toThrow();
  });
});

describe('extensions that nobody knows', () => {
  it('are passed over in a GroupInfo, by who is added and by who comes by itself [R13.4-03]', async () => {
    const invited = await invite();
    const more = [extension(0xf00d, bytes('what is it?')), extension(0x0a0a)];
    const forged = forgeWelcome(invited, {
      // The member's own GREASE may be the same value.
      groupInfo: (info) => ({
        ...info,
        extensions: [...info.extensions.filter(({ extensionType }) => extensionType !== 0x0a0a), ...more],
      }),
    });
    const joined = await join(invited.joiner, forged);
    expect(joined.group.epoch).toBe(invited.committer.group.epoch);
    expect(joined.group.state.groupContext.extensions).toEqual(
      invited.committer.group.state.groupContext.extensions,
    );
  });

  it('mean nothing where they do not belong, even when they are known elsewhere [R13.4-07]', async () => {
    const misplaced = extension(ExtensionType.applicationId, bytes('not a leaf'));
    const members = await groupOf(['alice', 'bob'], {}, { extensions: [misplaced] });
    expectAgreement(members);
    const [alice] = members;
    expect(alice?.group.state.groupContext.extensions).toEqual([misplaced]);
    const odd = party('dave', { leafExtensions: [requiring({ extensionTypes: [0xf00a] })] });
    const [first, ...others] = members;
    if (first === undefined) throw new Error('a member expected');
    expectAgreement(await commitBy(first, [first, ...others], {}, [joiner(odd)]));
  });
});

describe('GREASE', () => {
  const values = Array.from({ length: 15 }, (_, k) => 0x0a0a + k * 0x1010);

  it('has fifteen values, none of them for private use [R13.5-06]', () => {
    const all = Array.from({ length: 0x1_0000 }, (_, value) => value).filter(isGrease);
    expect(all).toEqual(values);
    expect(all.at(-1)).toBe(0xeaea);
  });

  it.each([
    ['0x0A0A', 0x0a0a, 'UNSUPPORTED_EXTENSION'],
    ['0x0A0B', 0x0a0b, 'UNSUPPORTED_CAPABILITY'],
  ])(
    'is handled like any other unknown value: passed over in a leaf, refused in a group, as %s is [R13.5-04]',
    async (_name, type, code) => {
      const dave = party('dave', {
        capabilities: { extensions: [type] },
        leafExtensions: [extension(type)],
      });
      await expectWelcome(dave);
      const members = await acquainted();
      const [alice, bob] = members;
      const strange = replacing(extension(type));
      await expectRefused(bob, await listing(alice, byValue(strange)), code);
      await expectGoesOn(alice, members);
    },
  );

  it('never counts as supported by all, even where all happen to list it [R13.5-05]', async () => {
    const members = await acquainted({
      capabilities: { extensions: [0x1a1a], proposals: [0x1a1a], credentials: [1, 0x1a1a] },
    });
    const [alice, bob] = members;
    for (const demand of [
      { extensionTypes: [0x1a1a] },
      { proposalTypes: [0x1a1a] },
      { credentialTypes: [0x1a1a] },
    ]) {
      const proposal = replacing(requiring(demand));
      const fault = ['UNSUPPORTED_EXTENSION', 'R13.5-05'] as const;
      await expectNotCommitted(alice, { proposals: [proposal] }, ...fault);
      await expectRefused(bob, await listing(alice, byValue(proposal)), ...fault);
    }
    await expectGoesOn(alice, members);
    const lists = [{ versions: [1], cipherSuites: [0x1a1a, 3, 1] }];
    expect(selectCipherSuite([0x1a1a, 1, 3], lists)).toBe(1);
  });
});

/** Requires that a client's KeyPackage is valid and that it can be added. */
async function expectWelcome(who: Party): Promise<void> {
  const newcomer = joiner(who);
  const { keyPackage } = newcomer.keyPackage;
  const questions = [{ kind: 'credential', presented: keyPackage.leafNode }] as const;
  const identities = await IdentityAnswers.ask(acceptAll, questions);
  const by = { suite: suite1, policy: defaultPolicy, nowSeconds: NOW, identities };
  expect(() => validateKeyPackage(keyPackage, by)).not.toThrow();
  const alice = await found(party('alice'));
  expectAgreement(await commitBy(alice, [alice], {}, [newcomer]));
}
