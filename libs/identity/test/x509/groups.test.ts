import { getCipherSuite } from '@canopy/crypto';
import { CredentialType, Group, type ClientIdentity } from '@canopy/mls';
import { describe, expect, it } from '@jest/globals';
import { NOW, type CertificateRequest } from './authority.ts';
import { KEY_OF_SUITE, device, issuing, judge, pairOf } from './judging.ts';
import {
  add,
  addOf,
  certified,
  client,
  commit,
  corrupt,
  credulous,
  expectConversation,
  expectHears,
  expectRefused,
  follow,
  found,
  groupOf,
  inPublic,
  keyPackageOf,
  receive,
  refusal,
  say,
  snapshot,
  type Client,
  type Member,
  type Time,
} from './members.ts';

const suites = [1, 2, 3, 4, 5, 6, 7].map((id) => getCipherSuite(id));
const suite1 = getCipherSuite(1);

type Trio = readonly [Member, Member, Member];

/** Alice, Bob and Carol, all with certificates. */
async function trio(
  suite = suite1,
  time: Time = { now: NOW },
  ofBob: CertificateRequest = {},
): Promise<Trio> {
  const who = (name: string, request: CertificateRequest = {}): Client =>
    client(certified(suite, name, request), { suite, time });
  const [alice, bob, carol] = await groupOf(who('alice'), who('bob', ofBob), who('carol'));
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
  return [alice, bob, carol];
}

/** An identity of somebody else's certificate with a key of one's own. */
function stolen(suite = suite1): ClientIdentity {
  return { ...certified(suite, 'bob'), signatureKeyPair: suite.signature.generateKeyPair() };
}

const otherKey = refusal('INVALID_CREDENTIAL', 'R7.3-02', 'CERTIFICATE_OTHER_KEY');

describe.each(suites)('a group with certificates, suite $id', (suite) => {
  it('is joined, speaks, and lets certificates and keys be replaced [R5.3-03, R5.3.1-07]', async () => {
    const [alice, bob, carol] = await trio(suite);
    await expectConversation([alice, bob, carol]);

    await commit(bob, [alice, carol], { identity: certified(suite, 'bob') });
    await expectConversation([alice, bob, carol]);

    const update = await carol.group.proposeUpdate(inPublic, certified(suite, 'carol'));
    for (const member of [alice, bob]) await receive(member, update);
    await commit(alice, [bob, carol], { includeReceived: true });
    await expectConversation([alice, bob, carol]);
    const types = Array.from(alice.group.members(), ({ leafNode }) => leafNode.credential.credentialType);
    expect(types).toEqual([CredentialType.x509, CredentialType.x509, CredentialType.x509]);
  });

  it('refuses who takes the name of another one, and goes on [R5.3.1-07]', async () => {
    const [alice, bob, carol] = await trio(suite);
    const identity = certified(suite, 'carol', { subject: { cn: 'Bob says he is Carol' } });
    const expected = refusal('INVALID_SUCCESSOR', 'R5.3.1-07', 'SUCCESSOR_OTHER_IDENTITY');

    const before = snapshot(bob);
    await expect(bob.group.commit({ identity })).rejects.toEqual(expected);
    await expect(bob.group.proposeUpdate(inPublic, identity)).rejects.toEqual(expected);
    expect(snapshot(bob)).toBe(before);

    const forged = await corrupt(bob).group.commit({ identity });
    await expectRefused(alice, forged.message, expected);
    await expectRefused(carol, forged.message, expected);

    await commit(carol, [alice, bob], { forcePath: true });
    await expectConversation([alice, bob, carol]);
  });

  it('refuses a certificate for another key, and goes on [R5.3-03]', async () => {
    const [alice, bob, carol] = await trio(suite);
    const forged = await corrupt(bob).group.commit({ identity: stolen(suite) });
    await expectRefused(alice, forged.message, otherKey);
    await commit(alice, [bob, carol], { forcePath: true });
    await expectConversation([alice, bob, carol]);
  });
});

describe('a certificate for another key than the leaf’s', () => {
  it('is refused in a KeyPackage, before it is added and when somebody adds it [R5.3-03]', async () => {
    const [alice, bob, carol] = await trio();
    const proposal = addOf(keyPackageOf(client(stolen())));
    const before = snapshot(alice);
    await expect(alice.group.commit({ proposals: [proposal] })).rejects.toEqual(otherKey);
    await expect(alice.group.propose(proposal, inPublic)).rejects.toEqual(otherKey);
    expect(snapshot(alice)).toBe(before);

    await expectRefused(
      alice,
      (await corrupt(bob).group.commit({ proposals: [proposal] })).message,
      otherKey,
    );
    await expectRefused(alice, await corrupt(bob).group.propose(proposal, inPublic), otherKey);
    await commit(carol, [alice, bob], { forcePath: true });
    await expectConversation([alice, bob, carol]);
  });

  it('is refused in an Update [R5.3-03]', async () => {
    const [alice, bob, carol] = await trio();
    await expect(bob.group.proposeUpdate(inPublic, stolen())).rejects.toEqual(otherKey);
    await expectRefused(alice, await corrupt(bob).group.proposeUpdate(inPublic, stolen()), otherKey);
    await commit(alice, [bob, carol], { forcePath: true });
    await expectConversation([alice, bob, carol]);
  });

  it('is refused in the tree that a Welcome brings [R5.3-03]', async () => {
    const thief = await found(client(stolen(), { by: credulous }));
    const carol = client(certified(suite1, 'carol'));
    await expect(add(thief, [], carol)).rejects.toEqual(otherKey);
  });

  it('is refused of whoever joins by an external Commit, and of whoever is there already [R5.3-03]', async () => {
    const [alice, bob, carol] = await trio();
    const info = { ratchetTree: true, externalPub: true, grease: false };
    const join = (who: Client, member: Member) =>
      Group.joinExternally(
        {
          suite: suite1,
          groupInfo: member.group.groupInfo(info),
          ratchetTree: undefined,
          identity: who.identity,
          resync: undefined,
          psks: [],
          authenticatedData: new Uint8Array(),
        },
        who.options,
      );
    await expect(join(client(stolen()), alice)).rejects.toEqual(otherKey);
    const forged = await join(client(stolen(), { by: credulous }), alice);
    await expectRefused(alice, forged.message, otherKey);

    const dave = client(certified(suite1, 'dave'));
    const good = await join(dave, alice);
    for (const member of [alice, bob, carol]) await follow(member, good.message);
    await expectConversation([alice, bob, carol, { ...dave, group: good.group }]);

    const thief = await found(client(stolen(), { by: credulous }));
    await expect(join(dave, thief)).rejects.toEqual(otherKey);
  });
});

describe('a certificate of another algorithm than the suite’s', () => {
  it.each(suites)('is refused in a group of suite $id [R5.1.2-01]', async (suite) => {
    const [alice, bob, carol] = await trio(suite);
    // The leaf is signed as it should be, but the chain speaks for a key of another kind.
    const foreign = getCipherSuite(KEY_OF_SUITE[suite.id] === 'p256' ? 1 : 2);
    const wrong = (name: string): ClientIdentity => ({
      ...certified(suite, name),
      credential: certified(foreign, name).credential,
    });
    const proposal = addOf(keyPackageOf(client(wrong('dave'), { suite })));
    await expect(alice.group.commit({ proposals: [proposal] })).rejects.toEqual(otherKey);
    await expectRefused(
      alice,
      (await corrupt(bob).group.commit({ proposals: [proposal] })).message,
      otherKey,
    );
    await expectRefused(
      alice,
      (await corrupt(bob).group.commit({ identity: wrong('bob') })).message,
      otherKey,
    );
    await commit(carol, [alice, bob], { forcePath: true });
    await expectConversation([alice, bob, carol]);
  });

  it('is refused when the leaf has the same wrong key [R5.1.2-01]', async () => {
    const [alice, bob, carol] = await trio();
    const dave = certified(suite1, 'dave');
    const p256 = device(issuing, {}, 'p256');
    const { publicKey } = pairOf(p256.key);
    const wrong: ClientIdentity = {
      ...dave,
      credential: { credentialType: CredentialType.x509, certificates: [{ certData: p256.der }] },
      // A private key of the suite, so that there is a signature at all; the public key is the certificate's.
      signatureKeyPair: { publicKey, privateKey: dave.signatureKeyPair.privateKey },
    };
    const proposal = addOf(keyPackageOf(client(wrong)));
    const before = snapshot(alice);
    await expect(alice.group.commit({ proposals: [proposal] })).rejects.toMatchObject({
      code: 'INVALID_KEY',
      requirement: 'R5.1.2-01',
    });
    expect(snapshot(alice)).toBe(before);
    await commit(alice, [bob, carol], { forcePath: true });
    await expectConversation([alice, bob, carol]);
  });
});

describe('a certificate that expires while its owner is a member', () => {
  const expires = { notAfter: NOW + 100n };

  it('bars nobody from reading what was sent before, late as it is [R5.3.2-02]', async () => {
    const time = { now: NOW };
    const [alice, bob] = await trio(suite1, time, expires);
    const messages = ['one', 'two'].map((text) => say(bob, text));
    time.now = NOW + 1_000n;
    expect(await judge({ now: () => time.now }).validateCredential(presentedBy(bob))).toEqual({
      valid: false,
      reason: 'CERTIFICATE_EXPIRED',
    });
    for (const [index, message] of messages.entries()) {
      await expectHears(alice, message, ['one', 'two'][index] ?? '');
    }
    // What it says later is read as well, until it is removed: the port is asked about changes only.
    await expectHears(alice, say(bob, 'three'), 'three');
  });

  it('bars nobody from reading an earlier epoch’s message after others committed [R5.3.2-02]', async () => {
    const time = { now: NOW };
    const [alice, bob, carol] = await trio(suite1, time, expires);
    const message = say(bob, 'late');
    time.now = NOW + 1_000n;
    await commit(alice, [bob, carol], { forcePath: true });
    await expectHears(carol, message, 'late');
  });

  it('can be replaced by a valid one, by a Commit [R5.3.2-01]', async () => {
    const time = { now: NOW };
    const [alice, bob, carol] = await trio(suite1, time, expires);
    time.now = NOW + 1_000n;
    await commit(bob, [alice, carol], { identity: certified(suite1, 'bob') });
    await expectConversation([alice, bob, carol]);
  });

  it('can be replaced by a valid one, by an Update [R5.3.2-01]', async () => {
    const time = { now: NOW };
    const [alice, bob, carol] = await trio(suite1, time, expires);
    time.now = NOW + 1_000n;
    const update = await bob.group.proposeUpdate(inPublic, certified(suite1, 'bob'));
    for (const member of [alice, carol]) await receive(member, update);
    await commit(alice, [bob, carol], { includeReceived: true });
    await expectConversation([alice, bob, carol]);
  });

  it('cannot be replaced by one that is expired, too', async () => {
    const time = { now: NOW };
    const [alice, bob, carol] = await trio(suite1, time, expires);
    time.now = NOW + 1_000n;
    const identity = certified(suite1, 'bob', { notAfter: NOW + 200n });
    const expected = refusal('INVALID_CREDENTIAL', 'R7.3-02', 'CERTIFICATE_EXPIRED');
    await expect(bob.group.commit({ identity })).rejects.toEqual(expected);
    await expectRefused(alice, (await corrupt(bob).group.commit({ identity })).message, expected);
    await commit(carol, [alice, bob], { forcePath: true });
    await expectConversation([alice, bob, carol]);
  });

  it('cannot be kept: a new leaf with it is refused, and its owner can replace it after that [R5.3.1-05]', async () => {
    const time = { now: NOW };
    const [alice, bob, carol] = await trio(suite1, time, expires);
    time.now = NOW + 1_000n;
    const expected = refusal('INVALID_CREDENTIAL', 'R7.3-02', 'CERTIFICATE_EXPIRED');
    await expect(bob.group.proposeUpdate(inPublic)).rejects.toEqual(expected);
    await expect(bob.group.commit({ forcePath: true })).rejects.toEqual(expected);
    await expectRefused(alice, await corrupt(bob).group.proposeUpdate(inPublic), expected);
    await expectRefused(alice, (await corrupt(bob).group.commit({ forcePath: true })).message, expected);
    await commit(bob, [alice, carol], { identity: certified(suite1, 'bob') });
    await expectConversation([alice, bob, carol]);
  });

  it('is refused by whoever joins now: all leaves of a tree are judged', async () => {
    const time = { now: NOW };
    const [alice, bob, carol] = await trio(suite1, time, expires);
    time.now = NOW + 1_000n;
    const dave = client(certified(suite1, 'dave'), { time });
    const expected = refusal('INVALID_CREDENTIAL', 'R7.3-02', 'CERTIFICATE_EXPIRED');
    await expect(add(alice, [bob, carol], dave)).rejects.toEqual(expected);
  });
});

function presentedBy({ identity }: Member) {
  const { credential, signatureKeyPair, leafExtensions: extensions } = identity;
  return { credential, signatureKey: signatureKeyPair.publicKey, extensions };
}
