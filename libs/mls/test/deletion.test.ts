import { describe, expect, it } from '@jest/globals';

import { equal } from '@canopy/crypto';

import { wipeInitKey } from '../src/commits/join-by-welcome.ts';
import type { GroupState } from '../src/group/state.ts';
import { defaultPolicy } from '../src/policy.ts';
import type { Proposal } from '../src/proposals/proposal.ts';
import { ProposalType, WireFormat } from '../src/registries.ts';
import type { PskStore } from '../src/schedule/psk.ts';
import type { SecretTree } from '../src/secret-tree/secret-tree.ts';
import { forge, publicOf } from './forge.ts';
import { comeIn } from './outsider.ts';
import {
  addOf,
  announce,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  found,
  hear,
  join,
  joiner,
  party,
  receive,
  refusal,
  restarted,
  say,
  snapshot,
  stage,
  suite1,
  trio,
  type Peer,
} from './parties.ts';
import { isZero, recordingSuite, secretsInTree, secretsOf } from './recording-suite.ts';

function applicationRatchet({ state }: SecretTree, leaf: number): { secret: Uint8Array; skipped: number[] } {
  const kept = state.ratchets.find(([index]) => index === leaf)?.[1].application;
  if (kept === undefined) throw new Error('a ratchet expected');
  return { secret: kept.secret, skipped: kept.skipped.map(({ generation }) => generation) };
}

/** What must be gone when an epoch is over, whatever is kept for late messages. */
const consumedSecrets = ({ secrets }: GroupState): Uint8Array[] => [
  secrets.initSecret,
  secrets.exporterSecret,
  secrets.externalSecret,
  secrets.confirmationKey,
  secrets.membershipKey,
  secrets.epochAuthenticator,
];

const forgetful = { options: { policy: { ...defaultPolicy, pastEpochs: 0, resumptionPsks: 0 } } };

describe('message keys', () => {
  it('are gone when the message was sent, with all that led to them [R9.2-01]', async () => {
    const [alice] = await trio();
    const [root] = secretsInTree(alice.group.state.secretTree);
    say(alice, 'first');
    expect(root === undefined || isZero(root)).toBe(true);
    const { secret } = applicationRatchet(alice.group.state.secretTree, 0);
    expect(isZero(secret)).toBe(false);
    say(alice, 'second');
    expect(isZero(secret)).toBe(true);
    const { state } = alice.group.state.secretTree;
    // Of the path from the root to the sender only what hangs beside it is left.
    expect(state.nodes.map(([node]) => node)).not.toContain(3);
    expect(state.nodes.map(([node]) => node)).not.toContain(0);
  });

  it('are gone when the message was received, and skipped ones kept until they are used [R9.2-01, R9.2-02]', async () => {
    const [alice, bob] = await trio();
    const [one, two, three] = [say(alice, 'one'), say(alice, 'two'), say(alice, 'three')];
    const tree = bob.group.state.secretTree;
    await hear(bob, one);
    const before = applicationRatchet(tree, 0).secret;
    await hear(bob, three);
    expect(isZero(before)).toBe(true);
    expect(applicationRatchet(tree, 0).skipped).toEqual([1]);
    const skipped = tree.state.ratchets[0]?.[1].application.skipped[0];
    if (skipped === undefined) throw new Error('a skipped key expected');
    await hear(bob, two);
    expect(isZero(skipped.key) && isZero(skipped.nonce)).toBe(true);
    expect(applicationRatchet(tree, 0).skipped).toEqual([]);
  });

  it('stay when a forged message asks for them [R9.2-03, R6.3.2-07]', async () => {
    const [alice, bob, carol] = await trio();
    await expectConversation([alice, bob, carol]);
    const message = say(alice, 'true');
    if (message.wireFormat !== WireFormat.privateMessage) throw new Error('a PrivateMessage expected');
    const { privateMessage } = message;
    const ciphertext = Uint8Array.from(privateMessage.ciphertext);
    ciphertext.set([(ciphertext.at(-1) ?? 0) ^ 1], ciphertext.length - 1);
    const before = snapshot(bob);
    const forged = { ...message, privateMessage: { ...privateMessage, ciphertext } };
    await expect(receive(bob, forged)).rejects.toEqual(refusal('DECRYPTION_FAILED'));
    expect(snapshot(bob)).toBe(before);
    expect(await hear(bob, message)).toBe('true');
  });
});

describe('the secrets of an epoch', () => {
  it.each(['the committer', 'a receiver'])(
    'are gone for %s when the next one is kept [R9.2-01]',
    async (who) => {
      const [alice, bob, carol] = await trio(forgetful);
      await expectConversation([alice, bob, carol]);
      const peer = who === 'the committer' ? alice : bob;
      const old = peer.group.state;
      const inTree = secretsInTree(old.secretTree);
      await commitBy(alice, [alice, bob, carol]);
      const all = [...Object.values(old.secrets), ...inTree];
      expect(all.length).toBeGreaterThan(8);
      expect(all.filter((secret) => !isZero(secret))).toEqual([]);
      expect(secretsInTree(old.secretTree)).toEqual([]);
      expectAgreement([alice, bob, carol]);
      await expectConversation([alice, bob, carol]);
    },
  );

  it('go in two steps: what reads late messages stays as long as the policy says [R15.3-02, R8.6-01, R14-02]', async () => {
    const policy = { ...defaultPolicy, pastEpochs: 1, resumptionPsks: 1 };
    const [alice, bob, carol] = await trio({ options: { policy } });
    const old = bob.group.state;
    const { senderDataSecret, resumptionPsk } = old.secrets;
    await commitBy(alice, [alice, bob, carol]);
    expect(consumedSecrets(old).every(isZero)).toBe(true);
    expect(isZero(senderDataSecret) || isZero(resumptionPsk)).toBe(false);
    await commitBy(alice, [alice, bob, carol]);
    expect(isZero(senderDataSecret) && isZero(resumptionPsk)).toBe(true);
    expect(secretsInTree(old.secretTree)).toEqual([]);
  });
});

describe('private keys of the tree', () => {
  it('are overwritten when they are replaced, own ones and those above [R7.5-10, R4.2-02]', async () => {
    const [alice, bob, carol] = await trio();
    await commitBy(alice, [alice, bob, carol]);
    const aliceKeys = [...alice.group.state.keys.values()];
    const rootKeyOfBob = bob.group.state.keys.get(bob.group.state.tree.root.index);
    if (rootKeyOfBob === undefined) throw new Error('bob knows the root');
    await commitBy(alice, [alice, bob, carol]);
    expect(aliceKeys.every(isZero)).toBe(true);
    expect(isZero(rootKeyOfBob)).toBe(true);
    expectAgreement(await commitBy(bob, [alice, bob, carol]));
  });

  it('belong to the public keys of the tree, of the own path only, whatever happens [R4.2-01]', async () => {
    const peers: Peer[] = [...(await trio())];
    for (let round = 0; round < 4; round++) {
      const committer = peers[round % 3];
      if (committer === undefined) throw new Error('three expected');
      await commitBy(committer, peers, { forcePath: round !== 1 });
      for (const { group } of peers) {
        const { tree, keys, ownLeafIndex, suite } = group.state;
        const allowed = [2 * ownLeafIndex, ...tree.directPath(ownLeafIndex).map(({ index }) => index)];
        expect([...keys.keys()].filter((index) => !allowed.includes(index))).toEqual([]);
        for (const [index, key] of keys) {
          const publicKey = tree.slot(index).node?.encryptionKey;
          const sealed = publicKey && suite.hpke.seal(publicKey, empty, empty, Uint8Array.of(1));
          expect(sealed && suite.hpke.open(key, sealed, empty, empty)).toEqual(Uint8Array.of(1));
        }
      }
    }
  });

  it('of an Update that nobody committed are overwritten with the epoch [R12.1.2-04]', async () => {
    const [alice, bob, carol] = await trio();
    await alice.group.proposeUpdate({ wireFormat: WireFormat.privateMessage, authenticatedData: empty });
    const key = alice.group.state.pendingUpdates[0]?.encryptionPrivateKey;
    if (key === undefined) throw new Error('a pending Update expected');
    expect(isZero(key)).toBe(false);
    await commitBy(bob, [alice, bob, carol], { includeReceived: false });
    expect(isZero(key)).toBe(true);
  });

  it('of a committed Update replace the old one, which is overwritten [R12.1.2-04, R7.5-10]', async () => {
    const [alice, bob, carol] = await trio();
    const old = alice.group.state.keys.get(
      alice.group.state.tree.slot(alice.group.state.tree.root.index).index,
    );
    const leafKey = [...alice.group.state.keys.values()][0];
    const update = await alice.group.proposeUpdate({
      wireFormat: WireFormat.privateMessage,
      authenticatedData: empty,
    });
    const pending = alice.group.state.pendingUpdates[0]?.encryptionPrivateKey;
    for (const peer of [bob, carol]) await receive(peer, update);
    await commitBy(bob, [alice, bob, carol]);
    if (pending === undefined || leafKey === undefined || old === undefined) throw new Error('keys expected');
    expect(isZero(pending)).toBe(false);
    expect(isZero(leafKey) && isZero(old)).toBe(true);
    expect([...alice.group.state.keys.values()]).toContain(pending);
  });

  it("leave the client's signature key alone, which it may use in other groups", async () => {
    const [alice, bob, carol] = await trio();
    const { privateKey } = alice.party.identity.signatureKeyPair;
    await commitBy(alice, [alice, bob, carol], { identity: party('alice').identity });
    expect(isZero(privateKey)).toBe(false);
  });
});

describe('a commit that is dropped', () => {
  it.each(['own', "somebody else's"])(
    'loses its secrets, %s, and leaves the epoch usable [R14-02]',
    async (whose) => {
      const [alice, bob, carol] = await trio();
      await expectConversation([alice, bob, carol]);
      const before = snapshot(bob);
      const staged =
        whose === 'own'
          ? (await bob.group.commit({ forcePath: true, wireFormat: WireFormat.publicMessage })).staged
          : await stage(bob, (await alice.group.commit({ wireFormat: WireFormat.publicMessage })).message);
      const fresh = [...staged.state.keys.values()].filter(
        (key) => ![...bob.group.state.keys.values()].includes(key),
      );
      const doomed = [
        ...Object.values(staged.state.secrets),
        ...secretsInTree(staged.state.secretTree),
        ...fresh,
      ];
      expect(doomed.some(isZero)).toBe(false);
      bob.group.drop(staged);
      expect(doomed.filter((secret) => !isZero(secret))).toEqual([]);
      expect(snapshot(bob)).toBe(before);
      await expectConversation([alice, bob, carol]);
      expectAgreement(await commitBy(bob, [alice, bob, carol]));
    },
  );
});

describe('a KeyPackage', () => {
  it('that was used loses its init key, and cannot be used again [R12.4.3.1-22, R10-04]', async () => {
    const [alice, bob, carol] = await trio();
    const dave = joiner(party('dave'));
    const { message, welcome, staged } = await alice.group.commit({ proposals: [addOf(dave)] });
    alice.group.keep(staged);
    for (const peer of [bob, carol]) await follow(peer, message);
    if (welcome === undefined) throw new Error('a Welcome expected');
    const invitation = { wireFormat: WireFormat.welcome, welcome } as const;
    const peer = await join(dave, invitation);
    wipeInitKey(dave.keyPackage);
    expect(isZero(dave.keyPackage.initPrivateKey)).toBe(true);
    await expect(join(dave, invitation)).rejects.toEqual(refusal('INVALID_WELCOME'));
    await commitBy(bob, [alice, bob, carol, peer]);
    expectAgreement([alice, bob, carol, peer]);
    // The key of the leaf is the group's own copy: a last-resort KeyPackage outlives the group that used it.
    await commitBy(peer, [alice, bob, carol, peer]);
    expect(isZero(dave.keyPackage.encryptionPrivateKey)).toBe(false);
  });

  it('and its Welcome leave no secret of the joiner behind in the state [R9.2-01]', async () => {
    const [alice] = await trio();
    const dave = joiner(party('dave'));
    const members = await commitBy(alice, [alice], { forcePath: true }, [dave]);
    const joined = members.at(-1);
    if (joined === undefined) throw new Error('dave expected');
    expect(
      [...joined.group.state.keys.values()].some((key) => equal(key, dave.keyPackage.initPrivateKey)),
    ).toBe(false);
    expect(snapshot(joined)).not.toContain(Buffer.from(dave.keyPackage.initPrivateKey).toString('hex'));
  });
});

/** Gives the secrets that live on although nobody has a use for them. */
function leftOver(secrets: Iterable<Uint8Array>, ...states: readonly GroupState[]): Uint8Array[] {
  const inUse = new Set(states.flatMap((state) => [...secretsOf(state)]));
  return [...secrets].filter((secret) => !inUse.has(secret) && !isZero(secret));
}

const states = (peers: readonly Peer[]): GroupState[] => peers.map(({ group }) => group.state);

describe('every secret that is made is either in the state or overwritten', () => {
  const knownPsk: PskStore = {
    findExternalPsk: (id) => id.toReversed(),
    findResumptionPsk: () => undefined,
  };

  async function recordedTrio(): Promise<{ peers: readonly [Peer, Peer, Peer]; secrets: Set<Uint8Array> }> {
    const { suite, secrets } = recordingSuite();
    const peers = await trio({ suite, options: { psks: knownPsk } });
    return { peers, secrets };
  }

  it('by commits with paths, Adds, PSKs, Welcomes and messages [R9.2-01, R7.5-10]', async () => {
    const { peers, secrets } = await recordedTrio();
    const [alice, bob, carol] = peers;
    const { suite } = alice.party;
    const psk = { pskType: 1, pskId: Uint8Array.of(1), pskNonce: suite1.random(32) } as const;
    const proposals: Proposal[] = [{ proposalType: ProposalType.psk, psk }];
    secrets.clear();
    const dave = joiner(party('dave', { suite, options: { psks: knownPsk } }));
    const four = await commitBy(alice, peers, { proposals, forcePath: true }, [dave]);
    await expectConversation(four);
    const keyPackageKeys = new Set([dave.keyPackage.initPrivateKey, dave.keyPackage.encryptionPrivateKey]);
    const left = leftOver(secrets, ...states(four)).filter((secret) => !keyPackageKeys.has(secret));
    expect(secrets.size).toBeGreaterThan(100);
    expect(left).toEqual([]);
    await announce(
      await bob.group.proposeUpdate({ wireFormat: WireFormat.privateMessage, authenticatedData: empty }),
      ...four.filter((peer) => peer !== bob),
    );
    await commitBy(carol, four);
    expect(leftOver(secrets, ...states(four)).filter((secret) => !keyPackageKeys.has(secret))).toEqual([]);
  });

  it('by an external Commit, for those inside and the one who joins [R9.2-01, R8.3-01]', async () => {
    const { peers, secrets } = await recordedTrio();
    secrets.clear();
    const dave = await comeIn(party('dave', { suite: peers[0].party.suite }), peers);
    expect(leftOver(secrets, ...states([...peers, dave]))).toEqual([]);
  });

  it('by commits that are dropped, and commits that are refused [R14-02, R9.2-03]', async () => {
    const { peers, secrets } = await recordedTrio();
    const [alice, bob] = peers;
    await expectConversation(peers);
    secrets.clear();
    const { staged, message } = await alice.group.commit({ wireFormat: WireFormat.publicMessage });
    bob.group.drop(await stage(bob, message));
    alice.group.drop(staged);
    expect(leftOver(secrets, ...states(peers))).toEqual([]);
    const forged = forge(alice, publicOf(message).content.body, { confirmationTag: suite1.random(32) });
    secrets.clear();
    await expect(receive(bob, forged)).rejects.toEqual(refusal('INVALID_CONFIRMATION_TAG'));
    expect(leftOver(secrets, ...states(peers))).toEqual([]);
  });
});

describe('a removed member', () => {
  it('keeps no secret of the group, in memory or in what it stores [R12.4.2-16]', async () => {
    const alice = await found(party('alice'));
    const newcomer = joiner(party('bob'));
    const [, bob] = await commitBy(alice, [alice], { forcePath: true }, [newcomer]);
    if (bob === undefined) throw new Error('bob has not joined');
    await announce(say(alice, 'one'), bob);
    const before = [...secretsOf(bob.group.state)];
    expect(before.length).toBeGreaterThan(5);
    const proposals: Proposal[] = [
      { proposalType: ProposalType.remove, removed: bob.group.state.ownLeafIndex },
    ];
    await commitBy(alice, [alice, bob], { proposals });
    expect(bob.group.state.status.kind).toBe('removed');
    expect(before.filter((secret) => !isZero(secret))).toEqual([]);
    expect(() => say(bob, 'two')).toThrow(refusal('GROUP_ENDED'));
    expect(restarted(bob).group.state.status.kind).toBe('removed');
  });
});
