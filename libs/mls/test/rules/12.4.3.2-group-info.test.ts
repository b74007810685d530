import { describe, expect, it } from '@jest/globals';

import { signGroupInfo, type GroupInfo, type GroupInfoTBS } from '../../src/commits/group-info.ts';
import { ExternalPub } from '../../src/extensions/external-pub.ts';
import { createExtension, type Extension } from '../../src/extensions/extension.ts';
import { ExtensionType } from '../../src/registries.ts';
import { comeIn, enter, invitation } from '../outsider.ts';
import { empty, expectAgreement, party, suite1, trio, type Peer } from '../parties.ts';
import { acquainted, expectRefused } from '../refusal/expect-refused.ts';

const resigned = (alice: Peer, change: (info: GroupInfoTBS) => GroupInfoTBS): GroupInfo => {
  const { groupContext, extensions, confirmationTag, signer } = invitation(alice);
  const info = change({ groupContext, extensions, confirmationTag, signer });
  return signGroupInfo(suite1, info, alice.group.state.signaturePrivateKey);
};
const externalPub = (key: Uint8Array): Extension =>
  createExtension(ExtensionType.externalPub, ExternalPub, { externalPub: key });

const withoutKey = ({ extensions, ...info }: GroupInfoTBS): GroupInfoTBS => ({
  ...info,
  extensions: extensions.filter(({ extensionType }) => extensionType !== ExtensionType.externalPub),
});

describe('a GroupInfo for an external Commit', () => {
  it('has to hold a key for it, and one that can be one [R12.4.3.2-01]', async () => {
    const [alice] = await trio();
    const keys = [
      undefined,
      empty,
      new Uint8Array(31).fill(9),
      new Uint8Array(33).fill(9),
      new Uint8Array(32),
    ];
    for (const key of keys) {
      const groupInfo = resigned(alice, (info) => {
        const rest = withoutKey(info);
        return key === undefined ? rest : { ...rest, extensions: [...rest.extensions, externalPub(key)] };
      });
      await expect(enter(party('dave'), alice, { groupInfo })).rejects.toMatchObject({
        code: 'INVALID_GROUP_INFO',
        requirement: 'R12.4.3.2-01',
      });
    }
    expectAgreement([alice, await comeIn(party('dave'), [alice])]);
  });

  it('comes with a tree, inside or beside [R12.4.3.2-01]', async () => {
    const members = await trio();
    const [alice] = members;
    const groupInfo = alice.group.groupInfo({ ratchetTree: false, externalPub: true, grease: true });
    await expect(enter(party('dave'), alice, { groupInfo })).rejects.toMatchObject({
      code: 'RATCHET_TREE_REQUIRED',
    });
    const ratchetTree = alice.group.state.tree;
    const dave = await comeIn(party('dave'), members, { groupInfo, ratchetTree });
    expectAgreement([...members, dave]);
  });

  it('is of a group that the joiner can be in: version, suite, extensions [R12.4.3.2-02, R12.4.3-04]', async () => {
    const [alice] = await trio();
    const context = (change: Partial<GroupInfoTBS['groupContext']>): GroupInfo =>
      resigned(alice, (info) => ({ ...info, groupContext: { ...info.groupContext, ...change } }));
    const unknown = [{ extensionType: 0xf009, extensionData: empty }];
    const cases = [
      [context({ version: 2 }), 'UNSUPPORTED_VERSION', '§12.4.3.1'],
      [context({ cipherSuite: 3 }), 'WRONG_CIPHER_SUITE', 'R12.4.3.1-08'],
      [context({ extensions: unknown }), 'UNSUPPORTED_EXTENSION', expect.any(String)],
    ] as const;
    for (const [groupInfo, code, requirement] of cases) {
      const attempt = enter(party('dave'), alice, { groupInfo });
      await expect(attempt).rejects.toMatchObject({ code, requirement });
    }
    expectAgreement([alice, await comeIn(party('dave'), [alice])]);
  });

  it('may lie about the tag, which the joiner cannot check: the members do [R12.4.3.2-02]', async () => {
    const members = await acquainted();
    const groupInfo = resigned(members[0], (info) => ({ ...info, confirmationTag: suite1.random(32) }));
    const { message } = await enter(party('dave'), members[0], { groupInfo });
    for (const peer of members) await expectRefused(peer, message, 'INVALID_CONFIRMATION_TAG', 'R12.4.2-12');
    const dave = await comeIn(party('dave'), members);
    expectAgreement([...members, dave]);
  });

  it('of an epoch brings one joiner in, not two [R12.4.3.2-10]', async () => {
    const members = await trio();
    const groupInfo = invitation(members[0]);
    const dave = await comeIn(party('dave'), members, { groupInfo });
    const late = await enter(party('erin'), members[0], { groupInfo });
    for (const peer of members) await expectRefused(peer, late.message, 'WRONG_EPOCH', 'R12.4.2-01');
    const erin = await comeIn(party('erin'), [...members, dave]);
    expectAgreement([...members, dave, erin]);
  });
});
