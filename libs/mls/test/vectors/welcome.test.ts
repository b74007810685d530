import { describe, expect, it } from '@jest/globals';

import { decode } from '@canopy/codec';
import { decryptWithLabel } from '@canopy/crypto';
import { describeVectors } from '@canopy/vectors';

import { GroupInfo, verifyGroupInfo } from '../../src/commits/group-info.ts';
import { GroupSecrets, sliceWelcome } from '../../src/commits/welcome.ts';
import { decodeMessage } from '../../src/framing/message.ts';
import { keyPackageRef } from '../../src/key-packages/key-package.ts';
import { WireFormat } from '../../src/registries.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import { deriveEpoch, deriveMemberSecret, deriveWelcomeKey } from '../../src/schedule/key-schedule.ts';
import { suiteOf, titled } from '../suites.ts';

describeVectors('welcome', { describe, it }, (cases) => {
  it.each(titled(cases))('%s [R5.2-02] [R12.4.3.1-04] [R12.4.3.1-07] [R12.4.3-07]', (_title, one) => {
    const suite = suiteOf(one);
    const keyPackage = decodeMessage(one.get('key_package').bytes());
    const welcome = decodeMessage(one.get('welcome').bytes());
    if (keyPackage.wireFormat !== WireFormat.keyPackage || welcome.wireFormat !== WireFormat.welcome) {
      throw new Error('the vector holds other messages than it says');
    }
    const sliced = sliceWelcome(welcome.welcome, keyPackageRef(suite, keyPackage.keyPackage));
    const entry = sliced?.secrets[0];
    if (sliced === undefined || entry === undefined) throw new Error('no entry for the KeyPackage');
    const secrets = decode(
      GroupSecrets,
      decryptWithLabel(suite, one.get('init_priv').bytes(), {
        label: 'Welcome',
        context: sliced.encryptedGroupInfo,
        ciphertext: entry.encryptedGroupSecrets,
      }),
    );
    const member = deriveMemberSecret(suite, secrets.joinerSecret, new Uint8Array(suite.kdf.size));
    const { key, nonce } = deriveWelcomeKey(suite, member);
    const groupInfo = decode(
      GroupInfo,
      suite.aead.open(key, nonce, new Uint8Array(), sliced.encryptedGroupInfo),
    );
    expect(verifyGroupInfo(suite, groupInfo, one.get('signer_pub').bytes())).toBe(true);
    const { groupContext, confirmationTag } = groupInfo;
    const epoch = deriveEpoch(suite, member, GroupContext.bytesOf(groupContext));
    const { confirmationKey } = epoch.secrets;
    expect(suite.mac.verify(confirmationKey, groupContext.confirmedTranscriptHash, confirmationTag)).toBe(
      true,
    );
  });
});
