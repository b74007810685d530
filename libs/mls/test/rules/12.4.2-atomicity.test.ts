import { describe, expect, it } from '@jest/globals';

import { createExtension } from '../../src/extensions/extension.ts';
import { RequiredCapabilities } from '../../src/extensions/required-capabilities.ts';
import { refuse } from '../../src/errors.ts';
import { Group } from '../../src/group/group.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { ExtensionType, ProposalType, WireFormat } from '../../src/registries.ts';
import type { PskStore } from '../../src/schedule/psk.ts';
import {
  addOf,
  bytes,
  expectAgreement,
  expectConversation,
  follow,
  groupOf,
  joiner,
  keyPackageOf,
  NOW,
  party,
  receive,
  refusal,
  refusing,
  restarted,
  snapshot,
  trio,
  type Peer,
} from '../parties.ts';
import { isZero, recordingSuite, secretsOf } from '../recording-suite.ts';
import {
  badFrames,
  badLists,
  badPaths,
  noExtensions,
  reinit,
  type BadCommit,
} from '../refusal/bad-commits.ts';
import { removeLeaf } from './12.1-proposals.ts';
import { acquainted, expectGoesOn } from '../refusal/expect-refused.ts';

const formats = [
  { name: 'PublicMessages', wireFormat: WireFormat.publicMessage },
  { name: 'PrivateMessages', wireFormat: WireFormat.privateMessage },
] as const;

const kinds: readonly BadCommit[] = [...badLists, ...badPaths, ...badFrames];

/** Knows every external key; other members do not. */
const allPsks: PskStore = {
  findExternalPsk: (id) => id.toReversed(),
  findResumptionPsk: () => undefined,
};

/** The secrets among these that live on although the members have no use for them. */
function leftOver(secrets: Iterable<Uint8Array>, peers: readonly Peer[]): number {
  const inUse = new Set(peers.flatMap(({ group }) => [...secretsOf(group.state)]));
  return [...secrets].filter((secret) => !inUse.has(secret) && !isZero(secret)).length;
}

describe.each(formats)('commits that are refused, as $name', ({ wireFormat }) => {
  it('leave the member as it was, all kinds one after another: a good one is followed at last [R12.4.2-13]', async () => {
    const [alice, bob, carol] = await acquainted();
    const knowing = {
      ...alice,
      group: new Group(alice.group.state, { ...alice.party.options, psks: allPsks }),
    };
    const good = await alice.group.commit({ wireFormat });
    const before = snapshot(bob);
    const codes = [];
    for (const [what, code, make] of kinds) {
      const message = await make(knowing, { wireFormat }, carol);
      await expect(receive(bob, message)).rejects.toEqual(refusal(code));
      expect({ what, state: snapshot(bob) }).toEqual({ what, state: before });
      codes.push(code);
    }
    expect(codes.length).toBeGreaterThan(40);
    expect(new Set(codes).size).toBeGreaterThan(15);
    alice.group.keep(good.staged);
    for (const peer of [bob, carol]) await follow(peer, good.message);
    expectAgreement([alice, bob, carol]);
    await expectConversation([alice, bob, carol]);
  });

  it('leave no secret of the epoch that did not come [R12.4.2-13, R9.2-01]', async () => {
    const { suite, secrets } = recordingSuite();
    const [alice, bob, carol] = await trio({ suite });
    await expectConversation([alice, bob, carol]);
    const knowing = {
      ...alice,
      group: new Group(alice.group.state, { ...alice.party.options, psks: allPsks }),
    };
    for (const [what, code, make] of kinds) {
      const message = await make(knowing, { wireFormat }, carol);
      secrets.clear();
      await expect(receive(bob, message)).rejects.toEqual(refusal(code));
      expect({ what, left: leftOver(secrets, [alice, bob, carol]) }).toEqual({ what, left: 0 });
    }
    const { message, staged } = await alice.group.commit({ wireFormat });
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    expectAgreement([alice, bob, carol]);
  });
});

const requiring = (type: number): Proposal => ({
  proposalType: ProposalType.groupContextExtensions,
  extensions: [
    createExtension(ExtensionType.requiredCapabilities, RequiredCapabilities, {
      extensionTypes: [type],
      proposalTypes: [],
      credentialTypes: [],
    }),
  ],
});
const unknownPsk: Proposal = {
  proposalType: ProposalType.psk,
  psk: { pskType: 1, pskId: bytes('unknown'), pskNonce: new Uint8Array(32) },
};
const expired = (): Proposal => {
  const lifetime = { notBefore: NOW - 100n, notAfter: NOW - 1n };
  return { proposalType: ProposalType.add, keyPackage: keyPackageOf(party('dave'), { lifetime }).keyPackage };
};

describe('a commit that the committer itself refuses to make', () => {
  const incapable = {
    ...party('alice').identity,
    capabilities: { ...party('x').identity.capabilities, credentials: [] },
  };
  const failures = [
    ['for a proposal by value', 'LEAF_NODE_EXPIRED', () => ({ proposals: [expired()] })],
    ['for a leaf that is not there', 'UNKNOWN_LEAF', () => ({ proposals: [removeLeaf(7)] })],
    ['for its list of proposals', 'INVALID_PROPOSAL_LIST', () => ({ proposals: [removeLeaf(0)] })],
    [
      'for proposals that do not go together',
      'INVALID_PROPOSAL_LIST',
      () => ({ proposals: [reinit, noExtensions] }),
    ],
    [
      'for what the list makes of the group',
      'UNSUPPORTED_CAPABILITY',
      () => ({ proposals: [requiring(0xf00f)] }),
    ],
    [
      'for a client that is there already',
      'DUPLICATE_KEY',
      (bob: Peer) => ({ proposals: [addOf(joiner(bob.party))] }),
    ],
    ['for its own new leaf', 'UNSUPPORTED_CAPABILITY', () => ({ identity: incapable })],
    ['for its own new identity', 'INVALID_CREDENTIAL', () => ({ identity: party('mallory').identity })],
    ['for its own new name', 'INVALID_SUCCESSOR', () => ({ identity: party('zoe').identity })],
    [
      'for a key that it does not have',
      'PSK_NOT_AVAILABLE',
      () => ({ proposals: [unknownPsk], forcePath: true }),
    ],
  ] as const;

  it.each(failures)(
    '%s leaves it as it was, and no secret behind [R12.4.2-13, R9.2-01]',
    async (_what, code, request) => {
      const { suite, secrets } = recordingSuite();
      const [alice, bob, carol] = await trio({ suite, options: { identities: refusing('mallory') } });
      await expectConversation([alice, bob, carol]);
      for (const { wireFormat } of formats) {
        const made = { wireFormat, ...request(bob) };
        const before = snapshot(alice);
        secrets.clear();
        await expect(alice.group.commit(made)).rejects.toEqual(refusal(code));
        expect(leftOver(secrets, [alice, bob, carol])).toBe(0);
        expect(snapshot(alice)).toBe(before);
      }
      await expectGoesOn(alice, [alice, bob, carol]);
    },
  );

  it('leaves it as it was when nobody can be asked about identities [R12.4.2-13]', async () => {
    const [alice, bob, carol] = await acquainted();
    const silent = {
      validateCredential: () => Promise.reject(new Error('the Authentication Service is away')),
      validateSuccessor: () => Promise.reject(new Error('the Authentication Service is away')),
    };
    const options = { ...alice.party.options, identities: { ...alice.party.options.identities, ...silent } };
    const lonely = restarted({ ...alice, party: { ...alice.party, options } });
    const before = snapshot(lonely);
    const { identity } = party('alice');
    for (const request of [{ identity }, { forcePath: true }]) {
      await expect(lonely.group.commit(request)).rejects.toThrow('is away');
      expect(snapshot(lonely)).toBe(before);
    }
    const again = restarted({ ...lonely, party: alice.party });
    await expectGoesOn(again, [again, bob, carol]);
  });

  it('for the end of its ratchet leaves it as it was, and no secret behind [R12.4.2-13, R9.2-01]', async () => {
    const { suite, secrets } = recordingSuite();
    const [alice, bob] = await groupOf(['alice', 'bob'], { suite });
    if (alice === undefined || bob === undefined) throw new Error('two expected');
    const before = snapshot(alice);
    const { secretTree } = alice.group.state;
    // The last step that can fail, after all secrets of the new epoch were made.
    Object.defineProperty(secretTree, 'ratchet', {
      value: () => refuse('RATCHET_EXHAUSTED', 'R9.1-03', 'no generation is left'),
      configurable: true,
    });
    const request = { forcePath: true, proposals: [addOf(joiner(party('carol', { suite })))] };
    secrets.clear();
    await expect(alice.group.commit(request)).rejects.toEqual(refusal('RATCHET_EXHAUSTED'));
    Reflect.deleteProperty(secretTree, 'ratchet');
    expect(secrets.size).toBeGreaterThan(20);
    expect(leftOver(secrets, [alice, bob])).toBe(0);
    expect(snapshot(alice)).toBe(before);
    await expectGoesOn(alice, [alice, bob]);
  });
});
