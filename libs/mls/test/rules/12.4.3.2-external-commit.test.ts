import { describe, expect, it } from '@jest/globals';

import type { Commit, ProposalOrRef } from '../../src/commits/commit.ts';
import { SenderType } from '../../src/framing/content.ts';
import { defaultPolicy, type Policy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import type { PreSharedKeyID } from '../../src/schedule/psk.ts';
import { signLeafNode, type LeafNode } from '../../src/tree/leaf-node.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { comeIn, enter, forgeEntry, type Entry } from '../outsider.ts';
import {
  addOf,
  announce,
  bytes,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  joiner,
  party,
  refusing,
  removeOf,
  snapshot,
  suite1,
  trio,
  type Party,
  type PartySettings,
  type Peer,
  reversedPsks,
} from '../parties.ts';
import { byReference } from './12.1-proposals.ts';
import { acquainted, expectRefused } from '../refusal/expect-refused.ts';

const framing = { wireFormat: WireFormat.publicMessage, authenticatedData: empty };
const knowing = { options: { psks: reversedPsks } };
const pskId = (): PreSharedKeyID => ({ pskType: 1, pskId: bytes('id'), pskNonce: suite1.random(32) });
const psk = (): Proposal => ({ proposalType: ProposalType.psk, psk: pskId() });

type JoinRequest = NonNullable<Parameters<typeof enter>[2]>;

/** An external Commit of somebody, with who made it. */
async function entryOf(who: Party, through: Peer, more: JoinRequest = {}): Promise<Entry> {
  return { who, message: (await enter(who, through, more)).message };
}

/** Requires that all members refuse something, and that a good external Commit still brings somebody in. */
async function expectShut(
  members: readonly Peer[],
  message: Entry['message'],
  [code, requirement]: readonly [string, string],
): Promise<void> {
  for (const peer of members) await expectRefused(peer, message, code, requirement);
  const newcomer = await comeIn(party('erin', knowing), members, { psks: [pskId()] });
  expectAgreement([...members, newcomer]);
  await expectConversation([...members, newcomer]);
}

/** Puts proposals behind those that are there. */
const adding =
  (...more: readonly ProposalOrRef[]) =>
  (commit: Commit): Commit => ({ ...commit, proposals: [...commit.proposals, ...more] });

describe('an external Commit is refused (S4)', () => {
  it('without a path [R12.4.3.2-03]', async () => {
    const members = await acquainted(knowing);
    const entry = await entryOf(party('dave'), members[0]);
    const forged = forgeEntry(members[0], entry, (commit) => ({ ...commit, path: undefined }));
    await expectShut(members, forged, ['PATH_REQUIRED', 'R12.4.3.2-03']);
  });

  it.each([
    ['PreSharedKey', psk],
    ['Remove', (carol: Peer) => removeOf(carol)],
  ] as const)('with a %s by reference that everybody knows [R12.4.3.2-04]', async (_what, make) => {
    const members = await acquainted(knowing);
    const [alice, bob, carol] = members;
    await announce(await bob.group.propose(make(carol), framing), alice, carol);
    const reference = alice.group.state.proposals[0]?.reference ?? empty;
    const entry = await entryOf(party('dave'), alice);
    const forged = forgeEntry(alice, entry, adding(byReference(reference)));
    await expectShut(members, forged, ['INVALID_PROPOSAL_LIST', 'R12.4.3.2-04']);
  });

  it('with an Update or an Add by reference, and a reference to nothing [R12.4.3.2-04]', async () => {
    const members = await acquainted(knowing);
    const [alice, bob, carol] = members;
    await announce(await bob.group.proposeUpdate(framing), alice, carol);
    await announce(await bob.group.propose(addOf(joiner(party('frank'))), framing), alice, carol);
    const entry = await entryOf(party('dave'), alice);
    for (const { reference } of alice.group.state.proposals) {
      const forged = forgeEntry(alice, entry, adding(byReference(reference)));
      for (const peer of members) await expectRefused(peer, forged, 'INVALID_PROPOSAL_LIST', 'R12.2-21');
    }
    const forged = forgeEntry(alice, entry, adding(byReference(suite1.random(32))));
    await expectShut(members, forged, ['UNKNOWN_PROPOSAL_REFERENCE', 'R12.4-04']);
  });

  it('signed with another key than that of the new leaf [R12.4.3.2-05]', async () => {
    const members = await acquainted(knowing);
    const entry = await entryOf(party('dave'), members[0]);
    for (const { identity } of [party('dave'), members[1].party]) {
      const { privateKey: signaturePrivateKey } = identity.signatureKeyPair;
      const forged = forgeEntry(members[0], entry, (commit) => commit, { signaturePrivateKey });
      await expectRefused(members[1], forged, 'INVALID_SIGNATURE', 'R6.1-09');
    }
    await follow(members[1], entry.message);
  });

  it('from anybody but a new member [R12.4.3.2-07]', async () => {
    const members = await acquainted(knowing);
    const [alice, bob] = members;
    const entry = await entryOf(party('dave'), alice);
    const as = (sender: Parameters<typeof forgeEntry>[3]): Entry['message'] =>
      forgeEntry(alice, entry, (commit) => commit, sender);
    const { signaturePrivateKey } = alice.group.state;
    const member = { senderType: SenderType.member, leafIndex: toLeafIndex(0) };
    const cases = [
      [as({ content: { sender: member }, signaturePrivateKey }), 'INVALID_PROPOSAL_LIST', 'R12.2-13'],
      [
        as({ content: { sender: { senderType: SenderType.external, senderIndex: 0 } } }),
        'SENDER_NOT_ALLOWED',
        'R6.1-06',
      ],
      [
        as({ content: { sender: { senderType: SenderType.newMemberProposal } } }),
        'SENDER_NOT_ALLOWED',
        'R6.1-08',
      ],
    ] as const;
    for (const [message, code, requirement] of cases) await expectRefused(bob, message, code, requirement);
    await follow(bob, entry.message);
  });
});

/** The commit with its leaf signed for another place. */
const placed = (
  entry: Entry,
  through: Peer,
  position: { groupId?: Uint8Array; leafIndex: number },
  change: Partial<LeafNode> = {},
): Entry['message'] =>
  forgeEntry(through, entry, (commit) => {
    if (commit.path === undefined) throw new Error('a path expected');
    const { privateKey } = entry.who.identity.signatureKeyPair;
    const { groupId = through.group.groupId, leafIndex } = position;
    const content = { ...commit.path.leafNode, ...change };
    const leafNode = signLeafNode(suite1, content, privateKey, {
      groupId,
      leafIndex: toLeafIndex(leafIndex),
    });
    return { ...commit, path: { ...commit.path, leafNode } };
  });

describe('the new leaf of an external Commit is refused (S4)', () => {
  it('when it is signed for another place, or another group [R12.4.3.2-08]', async () => {
    const members = await acquainted(knowing);
    const entry = await entryOf(party('dave'), members[0]);
    for (const position of [
      { leafIndex: 0 },
      { leafIndex: 4 },
      { leafIndex: 3, groupId: bytes('another') },
    ]) {
      await expectRefused(members[1], placed(entry, members[0], position), 'INVALID_SIGNATURE', 'R7.3-03');
    }
    // Signed for its true place it is the true commit again.
    await follow(members[1], placed(entry, members[0], { leafIndex: 3 }));
  });

  it('when its place was counted before the old leaf was taken out [R12.4.3.2-08]', async () => {
    const [alice, bob, carol] = await acquainted(knowing);
    const entry = await entryOf(bob.party, alice, { resync: toLeafIndex(1) });
    await expectRefused(carol, placed(entry, alice, { leafIndex: 3 }), 'INVALID_SIGNATURE', 'R7.3-03');
    const { effects } = await follow(carol, placed(entry, alice, { leafIndex: 1 }));
    expect(effects).toMatchObject({ committer: 1, joined: true });
  });

  it('when it keeps the key of the leaf that it replaces [R12.4.2-08]', async () => {
    const [alice, bob, carol] = await acquainted(knowing);
    const entry = await entryOf(bob.party, alice, { resync: toLeafIndex(1) });
    const encryptionKey = bob.group.state.tree.findLeaf(1)?.encryptionKey ?? empty;
    const forged = placed(entry, alice, { leafIndex: 1 }, { encryptionKey });
    await expectRefused(carol, forged, 'LEAF_KEY_NOT_CHANGED', 'R7.3-13');
    await follow(carol, entry.message);
  });

  it('when it is no successor of the leaf that it replaces [R12.2-19]', async () => {
    const [alice, bob, carol] = await acquainted({ options: { identities: refusing() } });
    const { message } = await entryOf(party('mallory'), alice, { resync: toLeafIndex(1) });
    for (const peer of [alice, bob, carol]) {
      await expectRefused(peer, message, 'INVALID_SUCCESSOR', 'R5.3.1-07');
    }
    await follow(carol, (await entryOf(bob.party, alice, { resync: toLeafIndex(1) })).message);
  });

  it('when its signature key is in the tree, because the old leaf was not taken out [R7.3-15]', async () => {
    const [alice, bob, carol] = await acquainted();
    const entry = await entryOf(bob.party, alice, { resync: toLeafIndex(1) });
    const forged = forgeEntry(alice, entry, ({ path, proposals }) => ({
      path,
      proposals: proposals.slice(0, 1),
    }));
    const before = snapshot(carol);
    await expect(carol.group.process(forged)).rejects.toMatchObject({ name: 'MlsError' });
    expect(snapshot(carol)).toBe(before);
    await expect(enter(bob.party, alice)).rejects.toMatchObject({
      code: 'DUPLICATE_KEY',
      requirement: 'R7.3-15',
    });
  });
});

const withPolicy = (policy: Partial<Policy>): PartySettings => ({
  options: { psks: reversedPsks, policy: { ...defaultPolicy, ...policy } },
});

describe('the policy of a group', () => {
  const refused = { code: 'SENDER_NOT_ALLOWED', requirement: 'R12.4.3.2-09' };
  interface PolicyCase {
    readonly what: string;
    readonly policy: Partial<Policy>;
    readonly bad: readonly JoinRequest[];
    readonly good: readonly JoinRequest[];
  }
  const cases: readonly PolicyCase[] = [
    {
      what: 'shuts external Commits out',
      policy: { allowExternalCommits: false },
      bad: [{}, { psks: [pskId()] }],
      good: [],
    },
    {
      what: 'shuts out those that remove an old leaf',
      policy: { allowResync: false },
      bad: [{ resync: toLeafIndex(1) }],
      good: [{}, { psks: [pskId()] }],
    },
    {
      what: 'shuts out those without a pre-shared key',
      policy: { pskInExternalCommits: 'required' },
      bad: [{}, { resync: toLeafIndex(1) }],
      good: [{ psks: [pskId()] }, { psks: [pskId()], resync: toLeafIndex(1) }],
    },
    {
      what: 'lets in without a pre-shared key only those who come back',
      policy: { pskInExternalCommits: 'requiredUnlessResync' },
      bad: [{}],
      good: [{ psks: [pskId()] }, { resync: toLeafIndex(1) }],
    },
  ];

  it.each(cases)('$what, on both sides [R12.4.3.2-09]', async ({ policy, bad, good }) => {
    const strict = withPolicy(policy);
    for (const request of bad) {
      const [alice, bob, carol] = await trio(strict);
      const who = request.resync === undefined ? party('dave', strict) : bob.party;
      await expect(enter(who, alice, request)).rejects.toMatchObject(refused);
      const careless = { ...who, options: { ...who.options, policy: defaultPolicy } };
      const { message } = await enter(careless, alice, request);
      await expectRefused(carol, message, refused.code, refused.requirement);
      await expectConversation([alice, bob, carol]);
    }
    for (const request of good) {
      const [alice, bob, carol] = await trio(strict);
      const who = request.resync === undefined ? party('dave', strict) : bob.party;
      const inside = request.resync === undefined ? [alice, bob, carol] : [alice, carol];
      const newcomer = await comeIn(who, inside, request);
      expectAgreement([...inside, newcomer]);
    }
  });
});
