import { describe, expect, it } from '@jest/globals';

import { signGroupInfo, type GroupInfoTBS } from '../../src/commits/group-info.ts';
import { ContentType } from '../../src/framing/content.ts';
import type { KeyPackage } from '../../src/key-packages/key-package.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType } from '../../src/registries.ts';
import { LeafNodeSource, signLeafNode, type LeafNode } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { forge } from '../forge.ts';
import { enter, invitation } from '../outsider.ts';
import {
  addOf,
  commitBy,
  expectAgreement,
  follow,
  found,
  groupOf,
  join,
  joiner,
  lifetime,
  party,
  snapshot,
  suite1,
  type Joiner,
  type Peer,
} from '../parties.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';
import { asMessage, forgeWelcome, inviteTo, withNodes } from '../refusal/forge-welcome.ts';
import { contentOfLeaf } from './07.3-places.ts';

/*
 * Many signatures are verified together. One that is forged among them is found, wherever it is, and refused as if it
 * had been verified alone. The trees here have no parents, so that a leaf can be exchanged and nothing else is wrong.
 */

const SIZE = 9;
const INVALID = { code: 'INVALID_SIGNATURE', requirement: 'R7.3-03' };

async function crowd(): Promise<readonly [Peer, ...Peer[]]> {
  const founder = await found(party('member 0'));
  const others = Array.from({ length: SIZE - 1 }, (_, at) => joiner(party(`member ${at + 1}`)));
  const [first, ...rest] = await commitBy(founder, [founder], {}, others);
  if (first === undefined) throw new Error('members expected');
  return [first, ...rest];
}

const flipped = (signature: Uint8Array): Uint8Array => signature.with(9, (signature[9] ?? 0) ^ 1);

interface Forgery {
  readonly what: string;
  readonly code: string;
  readonly requirement: string;
  /** Makes a bad leaf out of a member's true one and its neighbour's. */
  readonly make: (leaf: LeafNode, member: Peer, neighbour: LeafNode) => LeafNode;
}

const signedFor = (leaf: LeafNode, { group }: Peer, leafIndex: number): LeafNode =>
  signLeafNode(
    suite1,
    { ...contentOfLeaf(leaf), source: { leafNodeSource: LeafNodeSource.update } },
    group.state.signaturePrivateKey,
    { groupId: group.groupId, leafIndex: toLeafIndex(leafIndex) },
  );

const forgeries: readonly Forgery[] = [
  {
    ...INVALID,
    what: 'has a bit of its signature turned',
    make: (leaf) => ({ ...leaf, signature: flipped(leaf.signature) }),
  },
  {
    ...INVALID,
    what: "has its neighbour's signature",
    make: (leaf, _, neighbour) => ({ ...leaf, signature: neighbour.signature }),
  },
  {
    ...INVALID,
    what: 'is signed for the place beside it',
    make: (leaf, member) => signedFor(leaf, member, member.group.state.ownLeafIndex + 1),
  },
  {
    what: 'has a malformed signature key',
    code: 'INVALID_KEY',
    requirement: 'R5.1.2-01',
    make: (leaf) => ({ ...leaf, signatureKey: leaf.signatureKey.subarray(1) }),
  },
];

function withForged(members: readonly Peer[], at: number, make: Forgery['make']) {
  return (info: GroupInfoTBS): GroupInfoTBS =>
    withNodes(info, (nodes) => {
      const [node, beside] = [nodes[2 * at], nodes[2 * ((at + 1) % SIZE)]];
      const member = members[at];
      if (node?.nodeType !== 1 || beside?.nodeType !== 1 || member === undefined)
        throw new Error('two leaves expected');
      return nodes.with(2 * at, { nodeType: 1, leafNode: make(node.leafNode, member, beside.leafNode) });
    });
}

const places = forgeries.flatMap((forgery) => [1, 4, SIZE - 1].map((at) => ({ ...forgery, at })));

describe('a tree of many is refused in which leaf', () => {
  it.each(places)('$at $what, by Welcome [$requirement]', async ({ at, make, code, requirement }) => {
    const members = await crowd();
    const invited = await inviteTo(members[0], joiner(party('newcomer')));
    const forged = forgeWelcome(invited, { groupInfo: withForged(members, at, make) });
    await expect(join(invited.joiner, forged)).rejects.toMatchObject({ name: 'MlsError', code, requirement });
    expectAgreement([members[0], await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it.each(places)('$at $what, by external Commit [$requirement]', async ({ at, make, code, requirement }) => {
    const members = await crowd();
    const [first] = members;
    const newcomer = party('newcomer');
    const { groupContext, extensions, confirmationTag, signer } = invitation(first);
    const info = withForged(members, at, make)({ groupContext, extensions, confirmationTag, signer });
    const groupInfo = signGroupInfo(suite1, info, first.group.state.signaturePrivateKey);
    await expect(enter(newcomer, first, { groupInfo })).rejects.toMatchObject({
      name: 'MlsError',
      code,
      requirement,
    });
    const { peer, message } = await enter(newcomer, first);
    for (const member of members) await follow(member, message);
    expectAgreement([...members, peer]);
  });
});

describe('a leaf of many that was signed for its place', () => {
  it('is not refused: only the tag, which is that of the true tree, tells it', async () => {
    const members = await crowd();
    const invited = await inviteTo(members[0], joiner(party('newcomer')));
    const groupInfo = withForged(members, 4, (leaf, member) => signedFor(leaf, member, 4));
    await expect(join(invited.joiner, forgeWelcome(invited, { groupInfo }))).rejects.toMatchObject({
      requirement: 'R12.4.3.1-19',
    });
  });
});

interface BadPackage {
  readonly what: string;
  readonly requirement: string;
  readonly make: (good: KeyPackage) => KeyPackage;
}

const badPackages: readonly BadPackage[] = [
  {
    what: 'with a bit of its signature turned',
    requirement: 'R10.1-03',
    make: (good) => ({ ...good, signature: flipped(good.signature) }),
  },
  {
    what: 'of which the leaf has a bit of its signature turned',
    requirement: 'R7.3-03',
    make: (good) => ({
      ...good,
      leafNode: { ...good.leafNode, signature: flipped(good.leafNode.signature) },
    }),
  },
];

const addOfPackage = (keyPackage: KeyPackage): Proposal => ({ proposalType: ProposalType.add, keyPackage });

/** Adds for many newcomers, one of which is forged. */
function addsWithForged(newcomers: readonly Joiner[], make: (good: KeyPackage) => KeyPackage): Proposal[] {
  return newcomers.map((newcomer, at) =>
    at === 3 ? addOfPackage(make(newcomer.keyPackage.keyPackage)) : addOf(newcomer),
  );
}

const arrivals = (): Joiner[] => Array.from({ length: 6 }, (_, at) => joiner(party(`newcomer ${at}`)));

describe('a commit that adds many is refused with one KeyPackage', () => {
  it.each(badPackages)('$what, when it is received [$requirement]', async ({ make, requirement }) => {
    const [alice, bob] = await groupOf(['alice', 'bob']);
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const proposals = addsWithForged(arrivals(), make).map((proposal) => ({ type: 1 as const, proposal }));
    const message = forge(alice, { contentType: ContentType.commit, commit: { proposals, path: undefined } });
    await expectRefused(bob, message, 'INVALID_SIGNATURE', requirement);
    await expectGoesOn(alice, [alice, bob]);
    expectAgreement(await commitBy(alice, [alice, bob], {}, arrivals()));
  });

  it.each(badPackages)('$what, when it is made [$requirement]', async ({ make, requirement }) => {
    const founder = await found(party('alice'));
    const before = snapshot(founder);
    const proposals = addsWithForged(arrivals(), make);
    await expect(founder.group.commit({ proposals })).rejects.toMatchObject({
      name: 'MlsError',
      code: 'INVALID_SIGNATURE',
      requirement,
    });
    expect(snapshot(founder)).toBe(before);
    expectAgreement(await commitBy(founder, [founder], {}, arrivals()));
  });

  it.each(badPackages)(
    '$what, when it is to begin a branch [$requirement]',
    async ({ make, requirement }) => {
      const newcomers = arrivals();
      const [alice] = await found(party('alice')).then((one) => commitBy(one, [one], {}, newcomers));
      if (alice === undefined) throw new Error('a member expected');
      const fresh = newcomers.map(({ party: who }) => joiner(who).keyPackage.keyPackage);
      const request = {
        groupId: suite1.random(16),
        identity: alice.party.identity,
        lifetime,
        grease: true,
        extensions: [],
        forcePath: false,
        welcomeInfo: { ratchetTree: true, externalPub: false, grease: true },
      };
      const keyPackages = fresh.map((good, at) => (at === 3 ? make(good) : good));
      await expect(alice.group.branch({ ...request, keyPackages })).rejects.toMatchObject({
        code: 'INVALID_SIGNATURE',
        requirement,
      });
      const { group } = await alice.group.branch({ ...request, keyPackages: fresh });
      expect(group.state.tree.memberCount).toBe(1 + newcomers.length);
    },
  );
});
