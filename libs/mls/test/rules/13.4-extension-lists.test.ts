import { describe, expect, it } from '@jest/globals';

import { decode, encode, type Codec } from '@canopy/codec';

import { GroupInfo } from '../../src/commits/group-info.ts';
import type { Extension } from '../../src/extensions/extension.ts';
import { KeyPackage } from '../../src/key-packages/key-package.ts';
import { Proposal, ReInit } from '../../src/proposals/proposal.ts';
import { isDefaultExtensionType, isGrease, ProposalType } from '../../src/registries.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { LeafNode } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { comeIn, enter, invitation } from '../outsider.ts';
import {
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  found,
  groupOf,
  joiner,
  keyPackageOf,
  NOW,
  party,
  snapshot,
  trio,
} from '../parties.ts';
import { hex } from '../suites.ts';

const extension = (extensionType: number): Extension => ({ extensionType, extensionData: empty });

/** A structure with a list of extensions in it, given the list. */
interface Carrier {
  readonly what: string;
  readonly encoded: (extensions: readonly Extension[]) => Uint8Array;
  readonly decoded: (bytes: Uint8Array) => unknown;
}

function carrier<T>(what: string, codec: Codec<T>, make: (extensions: readonly Extension[]) => T): Carrier {
  return {
    what,
    encoded: (extensions) => encode(codec, make(extensions)),
    decoded: (bytes) => decode(codec, bytes),
  };
}

const { keyPackage } = keyPackageOf(party('alice'), { grease: false });
const context: GroupContext = {
  version: 1,
  cipherSuite: 1,
  groupId: empty,
  epoch: NOW,
  treeHash: empty,
  confirmedTranscriptHash: empty,
  extensions: [],
};
const info: Omit<GroupInfo, 'extensions'> = {
  groupContext: context,
  confirmationTag: empty,
  signer: toLeafIndex(0),
  signature: empty,
};

describe('a type that occurs twice in one list of extensions is refused', () => {
  it.each([
    carrier('a KeyPackage', KeyPackage, (extensions) => ({ ...keyPackage, extensions })),
    carrier('a leaf', LeafNode, (extensions) => ({ ...keyPackage.leafNode, extensions })),
    carrier('a GroupContext', GroupContext, (extensions) => ({ ...context, extensions })),
    carrier('a GroupInfo', GroupInfo, (extensions) => ({ ...info, extensions })),
    carrier('a ReInit', ReInit, (extensions) => ({ groupId: empty, version: 1, cipherSuite: 1, extensions })),
    carrier<Proposal>('GroupContextExtensions', Proposal, (extensions) => ({
      proposalType: ProposalType.groupContextExtensions,
      extensions,
    })),
  ])('in $what, written and read, known or not [R13.4-04]', ({ encoded, decoded }) => {
    const twice = expect.objectContaining({ name: 'CodecError', code: 'INVALID_VALUE' });
    for (const [type, other] of [
      [0xf00a, 0xf00b],
      [0x0a0a, 0x0a0b],
    ] as const) {
      expect(() => encoded([extension(type), extension(type)])).toThrow(twice);
      const good = encoded([extension(type), extension(other)]);
      expect(() => decoded(good)).not.toThrow();
      const pair = (second: number): string =>
        hex(Uint8Array.of(type >> 8, type & 255, 0, second >> 8, second & 255, 0));
      const [before, after, ...more] = hex(good).split(pair(other));
      expect([after === undefined, more.length]).toEqual([false, 0]);
      const bad = Buffer.from(`${before}${pair(type)}${after}`, 'hex');
      expect(() => decoded(bad)).toThrow(twice);
    }
  });
});

describe('the extensions of a group', () => {
  const extensions = [extension(0xf00a)];
  const able = { capabilities: { extensions: [0xf00a] } };

  it('keep a client out that does not support them, by its own decision [R13.4-06]', async () => {
    const members = await groupOf(['alice', 'bob'], able, { extensions });
    const [alice] = members;
    if (alice === undefined) throw new Error('a member expected');
    const before = snapshot(alice);
    await expect(enter(party('dave'), alice)).rejects.toMatchObject({
      code: 'UNSUPPORTED_EXTENSION',
      requirement: 'R7.3-19',
    });
    expect(snapshot(alice)).toBe(before);
    expectAgreement([...members, await comeIn(party('dave', able), members)]);
  });

  it('hold no GREASE from the start, even where the founder lists it [R13.5-03]', async () => {
    const listing = party('alice', { capabilities: { extensions: [0x1a1a] } });
    await expect(found(listing, { extensions: [extension(0x1a1a)] })).rejects.toMatchObject({
      code: 'UNSUPPORTED_EXTENSION',
      requirement: 'R13.5-03',
    });
  });
});

/** Says of each extension that is none of the RFC's whether it is GREASE. */
const grease = ({ extensions }: GroupInfo): boolean[] =>
  extensions
    .map(({ extensionType }) => extensionType)
    .filter((type) => !isDefaultExtensionType(type))
    .map(isGrease);

describe('GREASE of our own', () => {
  it('is in every GroupInfo, unless it is not wanted [R13.5-01]', async () => {
    const [alice] = await trio();
    expect(grease(invitation(alice))).toEqual([true]);
    const plain = alice.group.groupInfo({ ratchetTree: true, externalPub: true, grease: false });
    expect(grease(plain)).toEqual([]);
  });

  it('is listed where it is used, in every leaf at any time [R13.5-02]', async () => {
    const framing = { wireFormat: 1, authenticatedData: empty } as const;
    let members = await groupOf(['alice', 'bob', 'carol', 'dave']);
    const [alice, bob] = members;
    if (alice === undefined || bob === undefined) throw new Error('members expected');
    const update = await bob.group.proposeUpdate(framing);
    for (const peer of members) if (peer !== bob) await peer.group.process(update);
    members = await commitBy(alice, members, {}, [joiner(party('erin'))]);
    members = await commitBy(bob, members, { identity: party('robert').identity });
    const greased = Array.from(bob.group.members(), ({ leafNode }) => {
      const types = leafNode.extensions.map(({ extensionType }) => extensionType);
      expect(leafNode.capabilities.extensions).toEqual(expect.arrayContaining(types));
      return types.filter(isGrease).length;
    });
    // A founder, and who takes another identity, says what the identity says; the others came by KeyPackages.
    expect(greased).toEqual([0, 0, 1, 1, 1]);
    expectAgreement([...members, await comeIn(party('frank'), members)]);
    await expectConversation(members);
  });
});
