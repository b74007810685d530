import { beforeAll, describe, expect, it } from '@jest/globals';

import { CodecError, decode, encode } from '@canopy/codec';

import { GroupSecrets, Welcome } from '../../src/commits/welcome.ts';
import { wipeInitKey } from '../../src/commits/join-by-welcome.ts';
import { Group } from '../../src/group/group.ts';
import type { PreSharedKeyID, PskStore } from '../../src/schedule/psk.ts';
import {
  bytes,
  empty,
  expectAgreement,
  expectConversation,
  hear,
  join,
  joiner,
  keyPackageOf,
  party,
  refusing,
  say,
  suite1,
  trio,
  type Joiner,
  type Peer,
  reversedPsks,
} from '../parties.ts';
import { isZero, recordingSuite, secretsOf } from '../recording-suite.ts';
import { badWelcomes } from '../refusal/bad-welcomes.ts';
import {
  asMessage,
  forgeWelcome,
  inviteTo,
  openInvitation,
  withNodes,
  type Invited,
} from '../refusal/forge-welcome.ts';
import { hex } from '../suites.ts';

const pskId = (pskNonce = suite1.random(32)): PreSharedKeyID => ({
  pskType: 1,
  pskId: bytes('id'),
  pskNonce,
});

describe('a Welcome', () => {
  it('has its fields in order [R12.4.3.1-01]', () => {
    const welcome: Welcome = {
      cipherSuite: 7,
      secrets: [
        {
          newMember: Uint8Array.of(1, 2),
          encryptedGroupSecrets: { kemOutput: Uint8Array.of(3), ciphertext: Uint8Array.of(4, 5, 6) },
        },
      ],
      encryptedGroupInfo: Uint8Array.of(7, 8),
    };
    const coded = '000709020102010303040506020708';
    expect(hex(encode(Welcome, welcome))).toBe(coded);
    expect(decode(Welcome, Buffer.from(coded, 'hex'))).toEqual(welcome);
  });

  it('holds secrets with their fields in order [R12.4.3.1-01]', () => {
    const joinerSecret = Uint8Array.of(1, 2);
    const id = { pskType: 1, pskId: Uint8Array.of(9), pskNonce: Uint8Array.of(8) } as const;
    const pathSecret = { pathSecret: Uint8Array.of(3) };
    const full = { joinerSecret, pathSecret, psks: [id] };
    expect(hex(encode(GroupSecrets, full))).toBe('020102010103050101090108');
    expect(hex(encode(GroupSecrets, { joinerSecret, pathSecret: undefined, psks: [] }))).toBe('0201020000');
    expect(() => decode(GroupSecrets, Buffer.from('0201020200', 'hex'))).toThrow(CodecError);
  });
});

/** The secrets among these that live on although nobody has a use for them. */
function leftOver(secrets: Iterable<Uint8Array>, peers: readonly Peer[]): number {
  const inUse = new Set(peers.flatMap(({ group }) => [...secretsOf(group.state)]));
  return [...secrets].filter((secret) => !inUse.has(secret) && !isZero(secret)).length;
}

describe('a Welcome is refused, leaves no secret, and the true one still brings the joiner in [R12.4.3.1-23]', () => {
  // What comes out of the decoder is seen where it goes into the key schedule.
  const decoded = new Set<Uint8Array>();
  const watched = {
    ...suite1,
    kdf: {
      ...suite1.kdf,
      extract(salt: Uint8Array, ikm: Uint8Array): Uint8Array {
        decoded.add(salt);
        return suite1.kdf.extract(salt, ikm);
      },
    },
  };
  const { suite, secrets } = recordingSuite(watched);
  let invited: Invited;
  beforeAll(async () => {
    const [alice] = await trio({ suite, options: { psks: reversedPsks } });
    const dave = joiner(party('dave', { suite, options: { psks: reversedPsks } }));
    const proposals = [{ proposalType: 4, psk: pskId() } as const];
    invited = await inviteTo(alice, dave, { proposals, forcePath: true });
  });

  it.each(badWelcomes)('$what', async ({ code, requirement, make }) => {
    const message = make(invited);
    const { committer } = invited;
    secrets.clear();
    decoded.clear();
    await expect(join(invited.joiner, message)).rejects.toMatchObject({
      name: 'MlsError',
      code,
      requirement,
    });
    expect(leftOver(secrets, [committer])).toBe(0);
    expect(leftOver(decoded, [committer])).toBe(0);
    const dave = await join(invited.joiner, asMessage(invited.welcome));
    expectAgreement([committer, dave]);
    expect(await hear(dave, say(committer, 'welcome'))).toBe('welcome');
  });

  it('and what it decrypted is overwritten when a PSK is missing [R12.4.3.1-05, R9.2-01]', async () => {
    const { secrets: inside } = openInvitation(invited);
    const hidden = [inside.joinerSecret, inside.pathSecret?.pathSecret ?? empty].map((one) => hex(one));
    // The id of the PSK is a view into all that was decoded.
    let decodedBytes = empty;
    const seen: boolean[] = [];
    const forgetful: PskStore = {
      findExternalPsk(id) {
        decodedBytes = new Uint8Array(id.buffer);
        seen.push(...hidden.map((one) => hex(decodedBytes).includes(one)));
        return undefined;
      },
      findResumptionPsk: () => undefined,
    };
    const { party: who, keyPackage } = invited.joiner;
    const poor: Joiner = { keyPackage, party: { ...who, options: { ...who.options, psks: forgetful } } };
    await expect(join(poor, asMessage(invited.welcome))).rejects.toMatchObject({ code: 'PSK_NOT_AVAILABLE' });
    expect(seen).toEqual([true, true]);
    expect(hidden.map((one) => hex(decodedBytes).includes(one))).toEqual([false, false]);
    expectAgreement([invited.committer, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('whose content is no content [R12.4.3.1-04, R12.4.3.1-07]', async () => {
    for (const how of [
      { secretsBytes: () => Uint8Array.of(1) },
      { secretsBytes: (plaintext: Uint8Array) => plaintext.subarray(1) },
      { groupInfoBytes: () => empty },
      { groupInfoBytes: (plaintext: Uint8Array) => Buffer.concat([plaintext, Uint8Array.of(0)]) },
    ]) {
      const message = forgeWelcome(invited, how);
      secrets.clear();
      decoded.clear();
      await expect(join(invited.joiner, message)).rejects.toMatchObject({ name: 'CodecError' });
      expect(leftOver(secrets, [invited.committer])).toBe(0);
      expect(leftOver(decoded, [invited.committer])).toBe(0);
    }
    expectAgreement([invited.committer, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('by a joiner that does not believe in a member, or cannot ask about one', async () => {
    const silent = {
      ...refusing(),
      validateCredential: () => Promise.reject(new Error('the Authentication Service is away')),
    };
    for (const identities of [refusing('bob'), silent]) {
      const { party: who, keyPackage } = invited.joiner;
      const wary: Joiner = { keyPackage, party: { ...who, options: { ...who.options, identities } } };
      secrets.clear();
      decoded.clear();
      await expect(join(wary, asMessage(invited.welcome))).rejects.toThrow();
      expect(leftOver(secrets, [invited.committer])).toBe(0);
      expect(leftOver(decoded, [invited.committer])).toBe(0);
    }
    expectAgreement([invited.committer, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('only then: a join that works leaves no secret behind but those of the state [R9.2-01]', async () => {
    secrets.clear();
    decoded.clear();
    const dave = await join(invited.joiner, asMessage(invited.welcome));
    expect(leftOver(secrets, [invited.committer, dave])).toBe(0);
    expect(leftOver(decoded, [invited.committer, dave])).toBe(0);
    expect(decoded.size).toBeGreaterThan(0);
  });
});

describe('a joiner', () => {
  it('gets the tree beside the Welcome when it is not inside, and the right one only [R12.4.3.1-21]', async () => {
    const [alice] = await trio();
    const dave = joiner(party('dave'));
    const early = alice.group.state.tree;
    const { welcome } = await inviteTo(alice, dave, {
      welcomeInfo: { ratchetTree: false, externalPub: false, grease: true },
    });
    const { keyPackage, party: who } = dave;
    const input = { suite: suite1, welcome, keyPackage };
    await expect(Group.join({ ...input, ratchetTree: undefined }, who.options)).rejects.toMatchObject({
      code: 'RATCHET_TREE_REQUIRED',
      requirement: 'R12.4.3.1-21',
    });
    await expect(Group.join({ ...input, ratchetTree: early }, who.options)).rejects.toMatchObject({
      code: 'TREE_HASH_MISMATCH',
    });
    const group = await Group.join({ ...input, ratchetTree: alice.group.state.tree }, who.options);
    expectAgreement([alice, { party: who, group }]);
  });

  it('finds its own leaf in the tree, as it was in the KeyPackage [R12.4.3.1-15]', async () => {
    const [alice] = await trio();
    const invited = await inviteTo(alice, joiner(party('dave')));
    // Another KeyPackage of the same client: only the keys in the leaf differ.
    const { leafNode } = keyPackageOf(invited.joiner.party).keyPackage;
    const message = forgeWelcome(invited, {
      groupInfo: (info) => withNodes(info, (nodes) => nodes.with(6, { nodeType: 1, leafNode })),
    });
    await expect(join(invited.joiner, message)).rejects.toMatchObject({
      code: 'INVALID_WELCOME',
      requirement: 'R12.4.3.1-15',
    });
    expectAgreement([alice, await join(invited.joiner, asMessage(invited.welcome))]);
  });

  it('uses its init key once: when it is overwritten, no Welcome opens [R12.4.3.1-22]', async () => {
    const [alice] = await trio();
    const dave = joiner(party('dave'));
    const invited = await inviteTo(alice, dave, { forcePath: true });
    const peer = await join(dave, asMessage(invited.welcome));
    const { initPrivateKey, encryptionPrivateKey } = dave.keyPackage;
    for (const secret of secretsOf(peer.group.state)) expect(secret).not.toBe(encryptionPrivateKey);
    wipeInitKey(dave.keyPackage);
    expect(isZero(initPrivateKey)).toBe(true);
    await expect(join(dave, asMessage(invited.welcome))).rejects.toMatchObject({
      code: 'INVALID_WELCOME',
      requirement: 'R12.4.3.1-04',
    });
    await expectConversation([alice, peer]);
  });

  it('reads what the committer said of the epoch, step by step [R12.4.3.1-04, R12.4.3.1-07]', async () => {
    const [alice] = await trio({ options: { psks: reversedPsks } });
    const dave = joiner(party('dave', { options: { psks: reversedPsks } }));
    const invited = await inviteTo(alice, dave, { proposals: [{ proposalType: 4, psk: pskId() }] });
    const { groupInfo, secrets } = openInvitation(invited);
    expect(secrets.psks).toHaveLength(1);
    expect(groupInfo.groupContext).toEqual(alice.group.state.groupContext);
  });
});
