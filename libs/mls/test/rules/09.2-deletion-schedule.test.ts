import { describe, expect, it } from '@jest/globals';

import { ContentType, type ContentBody } from '../../src/framing/content.ts';
import type { IdentityProvider, IdentityVerdict } from '../../src/credentials/identity.ts';
import type { MLSMessage } from '../../src/framing/message.ts';
import { defaultPolicy } from '../../src/policy.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { WireFormat } from '../../src/registries.ts';
import { altered, forgePrivate } from '../forge-private.ts';
import {
  addOf,
  announce,
  bytes,
  choices,
  commitBy,
  empty,
  expectAgreement,
  expectConversation,
  follow,
  hear,
  join,
  joiner,
  party,
  receive,
  refusal,
  removeOf,
  say,
  stage,
  trio,
  type Joiner,
  type Peer,
} from '../parties.ts';
import { isZero, recordingSuite, secretsInTree, secretsOf } from '../recording-suite.ts';

const application: ContentBody = { contentType: ContentType.application, applicationData: bytes('hi') };
const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };

/** Gives how many secrets live on although no state has a use for them. */
function leftOver(secrets: Iterable<Uint8Array>, peers: readonly Peer[]): number {
  const inUse = new Set(peers.flatMap(({ group }) => [...secretsOf(group.state)]));
  return [...secrets].filter((secret) => !inUse.has(secret) && !isZero(secret)).length;
}

describe('a PrivateMessage that is refused', () => {
  const forgeries: [string, (alice: Peer, carol: Peer) => MLSMessage][] = [
    [
      'sender data that does not decrypt',
      (alice) => altered(say(alice, 'hi'), { encryptedSenderData: empty }),
    ],
    ['sender data too long', (alice) => forgePrivate(alice, { body: application, changeSenderData: longer })],
    ['a sender that does not exist', (alice) => forgePrivate(alice, { body: application, leafIndex: 9 })],
    ['a generation too far', (alice) => forgePrivate(alice, { body: application, generation: 2 ** 31 })],
    ['a key of another generation', (alice) => forgePrivate(alice, { body: application, generation: 7 })],
    ['a changed ciphertext', (alice) => altered(say(alice, 'hi'), { authenticatedData: bytes('x') })],
    ['a content that is none', (alice) => forgePrivate(alice, { body: application, change: () => empty })],
    ['padding that is not zero', (alice) => forgePrivate(alice, { body: application, change: spoilt })],
    [
      'a signature of somebody else',
      (alice, { group }) =>
        forgePrivate(alice, { body: application, signaturePrivateKey: group.state.signaturePrivateKey }),
    ],
  ];

  it.each(forgeries)(
    'for %s leaves nothing behind of what was derived [R9.2-01, R9.2-03]',
    async (_title, forge) => {
      for (const acquainted of [false, true]) {
        const { suite, secrets } = recordingSuite();
        const peers = await trio({ suite });
        const [alice, bob, carol] = peers;
        if (acquainted) await expectConversation(peers);
        const message = forge(alice, carol);
        secrets.clear();
        await expect(receive(bob, message)).rejects.toMatchObject({ name: 'MlsError' });
        expect(secrets.size).toBeGreaterThanOrEqual(2);
        expect(leftOver(secrets, peers)).toBe(0);
        expect(await hear(bob, say(alice, 'good'))).toBe('good');
      }
    },
  );
});

function longer(plaintext: Uint8Array): Uint8Array {
  return Uint8Array.of(...plaintext, 0);
}

function spoilt(plaintext: Uint8Array): Uint8Array {
  return Uint8Array.of(...plaintext, 1);
}

describe('what is kept for a while', () => {
  it('are resumption PSKs, as many as the policy says [R8.6-01, R9.2-02]', async () => {
    const policy = { ...defaultPolicy, resumptionPsks: 2, pastEpochs: 0 };
    const peers = await trio({ options: { policy } });
    const [alice, bob] = peers;
    const psks: Uint8Array[] = [];
    for (let epoch = 1; epoch <= 5; epoch++) {
      psks.push(bob.group.state.secrets.resumptionPsk);
      expect(bob.group.epoch).toBe(BigInt(epoch));
      await commitBy(alice, peers);
      expect(bob.group.state.resumptionPsks.map((past) => past.epoch)).toEqual(
        [epoch, epoch - 1].filter((past) => past > 0).map(BigInt),
      );
      expect(psks.map(isZero)).toEqual(psks.map((_, at) => at < epoch - 2));
    }
  });

  it('are past epochs: their trees and sender data secrets, and nothing else of them [R9.2-02, R15.3-03]', async () => {
    const policy = { ...defaultPolicy, resumptionPsks: 0, pastEpochs: 2 };
    const peers = await trio({ options: { policy } });
    const [alice, bob] = peers;
    await expectConversation(peers);
    const old = bob.group.state;
    const { senderDataSecret, ...consumed } = old.secrets;
    const inTree = secretsInTree(old.secretTree);
    for (const readable of [true, true, false]) {
      await commitBy(alice, peers);
      expect(Object.values(consumed).every(isZero)).toBe(true);
      expect(isZero(senderDataSecret)).toBe(!readable);
      expect(inTree.every(isZero)).toBe(!readable);
    }
  });

  it('is an own Update until its epoch is over, by a commit or by the removal of its sender [R12.1.2-04]', async () => {
    for (const removed of [false, true]) {
      const peers = await trio();
      const [alice, bob] = peers;
      await bob.group.proposeUpdate(framing);
      await bob.group.proposeUpdate(framing);
      const keys = bob.group.state.pendingUpdates.map(({ encryptionPrivateKey }) => encryptionPrivateKey);
      expect(keys.map(isZero)).toEqual([false, false]);
      const proposals: Proposal[] = removed ? [removeOf(bob)] : [];
      await commitBy(alice, peers, { proposals });
      expect(keys.map(isZero)).toEqual([true, true]);
    }
  });
});

/** Believes everybody, but does not say so before it is let. */
class SlowIdentities implements IdentityProvider {
  readonly #asked = Promise.withResolvers<void>();
  readonly #answer = Promise.withResolvers<IdentityVerdict>();
  #isSlow = false;

  /** From now on questions wait. */
  slowDown(): void {
    this.#isSlow = true;
  }

  /** Resolves when a question waits. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  answer(): void {
    this.#answer.resolve({ valid: true });
  }

  validateCredential(): Promise<IdentityVerdict> {
    if (!this.#isSlow) return Promise.resolve({ valid: true });
    this.#asked.resolve();
    return this.#answer.promise;
  }

  validateSuccessor(): Promise<IdentityVerdict> {
    return Promise.resolve({ valid: true });
  }
}

describe('a commit that is kept while the identity in a message is judged', () => {
  it.each([
    [0, 'was never heard'],
    [0, 'was heard'],
    [3, 'was never heard'],
    [3, 'was heard'],
  ])('leaves no secret behind: %i past epochs, the sender %s [R9.2-01]', async (pastEpochs, heard) => {
    const { suite, secrets } = recordingSuite();
    const identities = new SlowIdentities();
    const policy = { ...defaultPolicy, pastEpochs };
    const peers = await trio({ suite, options: { policy, identities } });
    const [alice, bob, carol] = peers;
    // The private keys of their KeyPackages belong to the clients.
    secrets.clear();
    if (heard === 'was heard') await expectConversation(peers);
    const { message: commit, staged } = await carol.group.commit();
    const received = await stage(bob, commit);
    const proposal = await alice.group.propose(addOf(joiner(party('dave'))), framing);
    identities.slowDown();
    const pending = receive(bob, proposal).catch((error: unknown) => error);
    await identities.asked;
    bob.group.keep(received);
    identities.answer();
    expect(await pending).toEqual(refusal('WRONG_EPOCH'));
    await follow(alice, commit);
    carol.group.keep(staged);
    expect(leftOver(secrets, peers)).toBe(0);
    await expectConversation(peers);
  });
});

/** A group that lives, with everything that its members ever derived. */
class Story {
  readonly #recording = recordingSuite();
  readonly #choose: (below: number) => number;
  /** The private keys of KeyPackages belong to the clients, not to the group. */
  readonly #ofClients = new Set<Uint8Array>();
  #peers: Peer[] = [];
  #late: MLSMessage[] = [];
  #guests = 0;

  constructor(seed: number) {
    this.#choose = choices(seed);
  }

  async begin(): Promise<void> {
    this.#peers = [...(await trio({ suite: this.#recording.suite }))];
    this.#recording.secrets.clear();
  }

  /** One thing happens; gives how many secrets live on that nobody needs. */
  async step(): Promise<number> {
    const acts = [
      () => this.#talk(),
      () => this.#talkOutOfOrder(),
      () => this.#commit({ forcePath: true }),
      () => this.#updateAndCommit(),
      () => this.#add(),
      () => this.#remove(),
      () => this.#dropped(),
      () => this.#forged(),
    ];
    await acts[this.#choose(acts.length)]?.();
    expectAgreement(this.#peers);
    const secrets = [...this.#recording.secrets].filter((secret) => !this.#ofClients.has(secret));
    return leftOver(secrets, this.#peers);
  }

  #pick(): Peer {
    const peer = this.#peers[this.#choose(this.#peers.length)];
    if (peer === undefined) throw new Error('somebody expected');
    return peer;
  }

  #others(peer: Peer): Peer[] {
    return this.#peers.filter((other) => other !== peer);
  }

  async #talk(): Promise<void> {
    const speaker = this.#pick();
    await announce(say(speaker, 'hi'), ...this.#others(speaker));
  }

  /** The first message stays out, for some epochs or for ever. */
  async #talkOutOfOrder(): Promise<void> {
    const speaker = this.#pick();
    const [first, second, third] = [say(speaker, 'a'), say(speaker, 'b'), say(speaker, 'c')];
    await announce(third, ...this.#others(speaker));
    await announce(second, ...this.#others(speaker));
    for (const message of this.#late) {
      for (const peer of this.#peers) await receive(peer, message).catch(() => {});
    }
    this.#late = [first];
  }

  async #commit(request: Parameters<typeof commitBy>[2]): Promise<void> {
    this.#peers = await commitBy(this.#pick(), this.#peers, request);
  }

  async #updateAndCommit(): Promise<void> {
    const member = this.#pick();
    await announce(await member.group.proposeUpdate(framing), ...this.#others(member));
    const [committer] = this.#others(member);
    if (committer !== undefined) this.#peers = await commitBy(committer, this.#peers);
  }

  #guest(): Joiner {
    this.#guests += 1;
    const guest = joiner(party(`guest ${this.#guests}`, { suite: this.#recording.suite }));
    this.#ofClients.add(guest.keyPackage.initPrivateKey);
    this.#ofClients.add(guest.keyPackage.encryptionPrivateKey);
    return guest;
  }

  async #add(): Promise<void> {
    this.#peers = await commitBy(this.#pick(), this.#peers, {}, [this.#guest()]);
  }

  async #remove(): Promise<void> {
    const [committer, , ...others] = this.#peers;
    const gone = others.at(-1);
    if (committer === undefined || gone === undefined) return;
    this.#peers = await commitBy(committer, this.#peers, { proposals: [removeOf(gone)] });
  }

  async #dropped(): Promise<void> {
    const committer = this.#pick();
    const guest = this.#guest();
    const { message, welcome, staged } = await committer.group.commit({ proposals: [addOf(guest)] });
    for (const peer of this.#others(committer)) peer.group.drop(await stage(peer, message));
    committer.group.drop(staged);
    if (welcome === undefined) throw new Error('a Welcome expected');
    // A guest that joins a group which never was keeps what it derived: it is no member of this one.
    const { group } = await join(guest, { wireFormat: WireFormat.welcome, welcome });
    for (const secret of secretsOf(group.state)) this.#ofClients.add(secret);
  }

  async #forged(): Promise<void> {
    const speaker = this.#pick();
    const [listener, liar] = this.#others(speaker);
    if (listener === undefined) return;
    const signaturePrivateKey = (liar ?? listener).group.state.signaturePrivateKey;
    const before = new Set(this.#recording.secrets);
    const forged = forgePrivate(speaker, { body: application, signaturePrivateKey });
    // The forger worked on a copy of its own state, whose secrets are not the group's.
    for (const secret of this.#recording.secrets) if (!before.has(secret)) this.#ofClients.add(secret);
    await expect(receive(listener, forged)).rejects.toEqual(refusal('INVALID_SIGNATURE'));
  }
}

describe('a group that lives', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'has overwritten every secret that nobody needs, at each step, seed %i [R9.2-01]',
    async (seed) => {
      const story = new Story(seed);
      await story.begin();
      for (let step = 0; step < 16; step++)
        expect({ step, left: await story.step() }).toEqual({ step, left: 0 });
    },
  );
});
