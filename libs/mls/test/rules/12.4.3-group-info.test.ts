import { describe, expect, it } from '@jest/globals';

import { decode, encode } from '@canopy/codec';
import { signWithLabel, verifyWithLabel } from '@canopy/crypto';

import { GroupInfo, signGroupInfo, verifyGroupInfo } from '../../src/commits/group-info.ts';
import type { Extension } from '../../src/extensions/extension.ts';
import { ExtensionType, isGrease } from '../../src/registries.ts';
import type { IsMember } from '../../src/commits/validate-group-info.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { comeIn, enter, invitation } from '../outsider.ts';
import {
  bytes,
  empty,
  expectAgreement,
  expectConversation,
  join,
  joiner,
  party,
  suite1,
  trio,
  type Joiner,
} from '../parties.ts';
import { asMessage, forgeWelcome, invite, inviteTo } from '../refusal/forge-welcome.ts';
import { hex } from '../suites.ts';

const strange: readonly Extension[] = [0x0a0b, 0xf123, 0xffff].map((extensionType) => ({
  extensionType,
  extensionData: bytes('never heard of'),
}));

/** A joiner that is asked whether it is in a group. */
const asked = (isMember: IsMember): Joiner => joiner(party('dave', { options: { isMember } }));

describe('a GroupInfo', () => {
  it('has its fields in order, and is signed without its signature [R12.4.3-01]', () => {
    const { publicKey, privateKey } = suite1.signature.generateKeyPair();
    const context = {
      version: 1,
      cipherSuite: 1,
      groupId: Uint8Array.of(0xaa),
      epoch: 2n ** 53n + 1n,
      treeHash: Uint8Array.of(0xbb),
      confirmedTranscriptHash: empty,
      extensions: [],
    };
    const tbs = Buffer.from('0001000101aa002000000000000101bb0000060a0a0301020302ccdd01020304', 'hex');
    const signature = signWithLabel(suite1, privateKey, 'GroupInfoTBS', tbs);
    const groupInfo: GroupInfo = {
      groupContext: context,
      extensions: [{ extensionType: 0x0a0a, extensionData: Uint8Array.of(1, 2, 3) }],
      confirmationTag: Uint8Array.of(0xcc, 0xdd),
      signer: toLeafIndex(0x0102_0304),
      signature,
    };
    expect(hex(encode(GroupInfo, groupInfo))).toBe(`${tbs.toString('hex')}4040${hex(signature)}`);
    expect(decode(GroupInfo, encode(GroupInfo, groupInfo))).toEqual(groupInfo);
    expect(verifyGroupInfo(suite1, groupInfo, publicKey)).toBe(true);
    const signed = { publicKey, label: 'GroupInfoTBS', content: tbs, signature };
    expect(verifyWithLabel(suite1, signed)).toBe(true);
  });

  it('may hold extensions that nobody knows, in a Welcome and for an external Commit [R12.4.3-02]', async () => {
    const invited = await invite();
    const message = forgeWelcome(invited, {
      groupInfo: (info) => ({ ...info, extensions: [...strange, ...info.extensions] }),
    });
    expectAgreement([invited.committer, await join(invited.joiner, message)]);
    const members = await trio();
    const { groupContext, extensions, confirmationTag, signer } = invitation(members[0]);
    const info = { groupContext, extensions: [...extensions, ...strange], confirmationTag, signer };
    const groupInfo = signGroupInfo(suite1, info, members[0].group.state.signaturePrivateKey);
    const dave = await comeIn(party('dave'), members, { groupInfo });
    expectAgreement([...members, dave]);
  });

  it('of a member holds a GREASE extension when that is wanted, as it is by default in Welcomes [R12.4.3-03]', async () => {
    const [alice] = await trio();
    const greaseIn = (grease: boolean): number =>
      alice.group
        .groupInfo({ ratchetTree: true, externalPub: true, grease })
        .extensions.filter(({ extensionType }) => isGrease(extensionType)).length;
    expect(greaseIn(true)).toBe(1);
    expect(greaseIn(false)).toBe(0);
  });

  it('whose context has an extension that the joiner does not support keeps it out [R12.4.3-04]', async () => {
    const capable = { capabilities: { extensions: [0xf009] } };
    const [alice, bob, carol] = await trio(capable);
    const able = joiner(party('erin', capable));
    const invited = await inviteTo(alice, able, {
      proposals: [{ proposalType: 7, extensions: [{ extensionType: 0xf009, extensionData: empty }] }],
    });
    const erin = await join(able, asMessage(invited.welcome));
    expectAgreement([alice, erin]);
    await expect(enter(party('dave'), alice)).rejects.toMatchObject({
      code: 'UNSUPPORTED_EXTENSION',
      requirement: 'R7.3-19',
    });
    expect(bob.group.epoch).toBe(carol.group.epoch);
    const { peer } = await enter(party('dave', capable), alice);
    expect(peer.group.state.groupContext.extensions).toHaveLength(1);
  });

  it('of a group that the client is in is not joined, neither by Welcome nor by external Commit [R12.4.3-05]', async () => {
    const refused = { name: 'MlsError', code: 'ALREADY_MEMBER', requirement: 'R12.4.3-05' };
    const members = await trio();
    const [alice] = members;
    const questions: string[] = [];
    let groups: readonly string[] = [hex(alice.group.groupId)];
    const isMember = (groupId: Uint8Array): boolean => {
      questions.push(hex(groupId));
      return groups.includes(hex(groupId));
    };
    const dave = asked(isMember);
    await expect(enter(dave.party, alice)).rejects.toMatchObject(refused);
    const invited = await inviteTo(alice, dave);
    await expect(join(dave, asMessage(invited.welcome))).rejects.toMatchObject(refused);
    expect(new Set(questions)).toEqual(new Set(groups));
    groups = ['another'];
    const peer = await join(dave, asMessage(invited.welcome));
    expectAgreement([alice, peer]);
    await expectConversation([alice, peer]);
  });

  it('of its own group brings a member back that joins again in its place [R12.4.3-05]', async () => {
    const groups = new Set<string>();
    const isMember: IsMember = (groupId) => groups.has(hex(groupId));
    const [alice, bob, carol] = await trio({ options: { isMember } });
    groups.add(hex(alice.group.groupId));
    await expect(enter(bob.party, alice)).rejects.toMatchObject({ code: 'ALREADY_MEMBER' });
    const again = await comeIn(bob.party, [alice, carol], { resync: bob.group.state.ownLeafIndex });
    expectAgreement([alice, again, carol]);
  });
});

describe('the signature of a GroupInfo', () => {
  it.each([
    [
      'is of another key',
      'INVALID_SIGNATURE',
      (info: GroupInfo) => ({ ...info, signature: suite1.random(64) }),
    ],
    [
      'is cut',
      'INVALID_SIGNATURE',
      (info: GroupInfo) => ({ ...info, signature: info.signature.subarray(1) }),
    ],
    ['is empty', 'INVALID_SIGNATURE', (info: GroupInfo) => ({ ...info, signature: empty })],
    ['is of another member', 'INVALID_SIGNATURE', (info: GroupInfo) => ({ ...info, signer: toLeafIndex(1) })],
    ['is of a blank leaf', 'INVALID_GROUP_INFO', (info: GroupInfo) => ({ ...info, signer: toLeafIndex(3) })],
    [
      'is of a leaf out of the tree',
      'INVALID_GROUP_INFO',
      (info: GroupInfo) => ({ ...info, signer: toLeafIndex(4) }),
    ],
    [
      'does not cover the extensions',
      'INVALID_SIGNATURE',
      (info: GroupInfo) => ({
        ...info,
        extensions: info.extensions.filter(
          ({ extensionType }) =>
            extensionType === ExtensionType.ratchetTree || extensionType === ExtensionType.externalPub,
        ),
      }),
    ],
    [
      'does not cover the tag',
      'INVALID_SIGNATURE',
      (info: GroupInfo) => ({ ...info, confirmationTag: empty }),
    ],
  ] as const)('that %s is refused [R12.4.3-06, R12.4.3.2-02]', async (_what, code, change) => {
    const [alice] = await trio();
    const groupInfo = change(invitation(alice));
    await expect(enter(party('dave'), alice, { groupInfo })).rejects.toMatchObject({
      code,
      requirement: 'R12.4.3-06',
    });
    expectAgreement([alice, await comeIn(party('dave'), [alice])]);
  });
});
