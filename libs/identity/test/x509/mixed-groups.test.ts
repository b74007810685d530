import { getCipherSuite } from '@canopy/crypto';
import {
  CredentialType,
  Group,
  ProposalType,
  supportedCapabilities,
  type ClientIdentity,
  type IdentityProvider,
} from '@canopy/mls';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  ATTESTATION_EXTENSION_TYPE,
  attestationExtension,
  combineIdentityProviders,
  createIdentityProvider,
  deviceCredential,
  nameOfCertificate,
  RevocationLists,
  signRevocationList,
  type CombinedProvidersOptions,
  type RevocationOptions,
} from '../../src/index.ts';
import { attest, createAuthority, type Authority } from '../authority.ts';
import { NOW } from './authority.ts';
import { DOMAIN, judge } from './judging.ts';
import {
  certified,
  client,
  commit,
  corrupt,
  deviceNamed,
  expectConversation,
  expectRefused,
  groupOf,
  keyPackageOf,
  refusal,
  type Member,
} from './members.ts';

const suite = getCipherSuite(1);
let operator: Authority;

beforeAll(async () => {
  operator = await createAuthority();
});

/** An identity with a basic credential and an attestation. */
async function attested(name: string): Promise<ClientIdentity> {
  const signatureKeyPair = suite.signature.generateKeyPair();
  const jwt = await attest(operator, signatureKeyPair.publicKey, { device: deviceNamed(name) });
  return {
    credential: deviceCredential(deviceNamed(name)),
    signatureKeyPair,
    capabilities: supportedCapabilities([1], { extensions: [ATTESTATION_EXTENSION_TYPE] }),
    leafExtensions: [attestationExtension(jwt)],
  };
}

/** Judges both types. */
function both(
  changeOfType: CombinedProvidersOptions['changeOfType'] = 'refuse',
  revocation?: RevocationOptions,
): IdentityProvider {
  const clock = { now: () => Number(NOW) * 1000 };
  const more = revocation && { revocation };
  const basic = createIdentityProvider({ domain: DOMAIN, keys: operator.keys, clock, ...more });
  return combineIdentityProviders({ basic, x509: judge(more), changeOfType });
}

/** Alice with a certificate, Bob with an attestation, Carol with a certificate. */
async function mixed(by = both()): Promise<readonly [Member, Member, Member]> {
  const identities = [certified(suite, 'alice'), await attested('bob'), certified(suite, 'carol')];
  const [first, ...others] = identities.map((identity) => client(identity, { by }));
  if (first === undefined) throw new Error('somebody expected');
  const [alice, bob, carol] = await groupOf(first, ...others);
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three expected');
  return [alice, bob, carol];
}

describe('a group of members with certificates and members with attestations', () => {
  it('is joined, speaks, and lets each replace its own', async () => {
    const [alice, bob, carol] = await mixed();
    await expectConversation([alice, bob, carol]);
    const types = Array.from(carol.group.members(), ({ leafNode }) => leafNode.credential.credentialType);
    expect(types).toEqual([CredentialType.x509, CredentialType.basic, CredentialType.x509]);
    await commit(bob, [alice, carol], { identity: await attested('bob') });
    await commit(carol, [alice, bob], { identity: certified(suite, 'carol') });
    await expectConversation([alice, bob, carol]);
  });

  it('lets a device change the type only where this was configured [R5.3.1-07]', async () => {
    const [alice, bob, carol] = await mixed();
    const identity = certified(suite, 'bob');
    const expected = refusal('INVALID_SUCCESSOR', 'R5.3.1-07', 'SUCCESSOR_OTHER_TYPE');
    await expect(bob.group.commit({ identity })).rejects.toEqual(expected);
    await expectRefused(alice, (await corrupt(bob).group.commit({ identity })).message, expected);
    await commit(alice, [bob, carol], { forcePath: true });
    await expectConversation([alice, bob, carol]);

    const open = await mixed(both('same-device'));
    await commit(open[1], [open[0], open[2]], { identity });
    await expectConversation(open);
  });

  it('lets nobody change the name with the type [R5.3.1-07]', async () => {
    const [alice, bob, carol] = await mixed(both('same-device'));
    const expected = refusal('INVALID_SUCCESSOR', 'R5.3.1-07', 'SUCCESSOR_OTHER_DEVICE');
    const forged = await corrupt(bob).group.commit({ identity: certified(suite, 'alice') });
    await expectRefused(carol, forged.message, expected);
    await commit(alice, [bob, carol], { forcePath: true });
    await expectConversation([alice, bob, carol]);
  });

  it('takes no new keys of a member that was revoked meanwhile, and removes it', async () => {
    const lists = new RevocationLists({ domain: DOMAIN, keys: operator.keys, now: () => NOW });
    const publish = async (number: number, revoked: Partial<Parameters<typeof signRevocationList>[0]>) => {
      const basis = {
        domain: DOMAIN,
        number,
        issuedAt: NOW,
        nextUpdate: NOW + 60n,
        certificates: [],
        devices: [],
      };
      expect(await lists.accept(await signRevocationList({ ...basis, ...revoked }, operator))).toMatchObject({
        valid: true,
      });
    };
    await publish(1, {});
    const [alice, bob, carol] = await mixed(both('refuse', { source: lists, stale: 'refuse' }));
    const { credential } = carol.identity;
    const [own] = credential.credentialType === CredentialType.x509 ? credential.certificates : [];
    if (own === undefined) throw new Error('a certificate expected');
    await publish(2, { certificates: [nameOfCertificate(own.certData)], devices: [deviceNamed('bob')] });

    const byCarol = await corrupt(carol).group.commit({ forcePath: true });
    await expectRefused(
      alice,
      byCarol.message,
      refusal('INVALID_CREDENTIAL', 'R7.3-02', 'CERTIFICATE_REVOKED'),
    );
    const byBob = await corrupt(bob).group.commit({ identity: await attested('bob') });
    await expectRefused(alice, byBob.message, refusal('INVALID_CREDENTIAL', 'R7.3-02', 'DEVICE_REVOKED'));
    const removed = carol.group.state.ownLeafIndex;
    await commit(alice, [bob], { proposals: [{ proposalType: 3, removed }] });
    await expectConversation([alice, bob]);
  });

  it.each(['refuse', 'same-device'] as const)(
    'goes on after a ReInit with new certificates, and only with everybody, change of type: %s [R11.2-06]',
    async (changeOfType) => {
      const members = await mixed(both(changeOfType));
      const [alice, bob, carol] = members;
      const proposal = {
        proposalType: ProposalType.reinit,
        groupId: suite.random(16),
        version: 1,
        cipherSuite: suite.id,
        extensions: [],
      };
      await commit(alice, [bob, carol], { proposals: [proposal] });
      const renewed = { ...bob, identity: await attested('bob') };
      const other = { ...carol, identity: certified(suite, 'carol') };
      const impostor = { ...carol, identity: certified(suite, 'mallory') };
      const founding = {
        suite,
        identity: certified(suite, 'alice'),
        lifetime: { notBefore: NOW - 60n, notAfter: NOW + 60n },
        grease: false,
        forcePath: true,
        welcomeInfo: { ratchetTree: true, externalPub: false, grease: false },
      };
      const offers = [renewed, other].map(keyPackageOf);
      const wrong = [renewed, impostor].map((who) => keyPackageOf(who).keyPackage);
      await expect(alice.group.reinitialize({ ...founding, keyPackages: wrong })).rejects.toMatchObject({
        requirement: 'R11.2-06',
      });
      const keyPackages = offers.map(({ keyPackage }) => keyPackage);
      const { group, welcome } = await alice.group.reinitialize({ ...founding, keyPackages });
      if (welcome === undefined) throw new Error('a Welcome expected');
      const entered = await Promise.all(
        [bob, carol].map(async (member, index) => {
          const keyPackage = offers[index];
          if (keyPackage === undefined) throw new Error('a KeyPackage expected');
          const oldGroup = member.group.state;
          const input = { suite, welcome, keyPackage, ratchetTree: undefined, oldGroup };
          return { ...member, group: await Group.join(input, member.options) };
        }),
      );
      await expectConversation([{ ...alice, group }, ...entered]);
    },
  );
});
