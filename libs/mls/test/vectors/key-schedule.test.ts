import { describe, expect, it } from '@jest/globals';

import { deriveSecret } from '@canopy/crypto';
import { describeVectors } from '@canopy/vectors';

import { exportSecret } from '../../src/schedule/exporter.ts';
import { GroupContext } from '../../src/schedule/group-context.ts';
import {
  deriveEpoch,
  deriveExternalKeyPair,
  deriveJoinerSecret,
  deriveMemberSecret,
} from '../../src/schedule/key-schedule.ts';
import { hex, suiteOf, titled } from '../suites.ts';

describeVectors('key-schedule', { describe, it }, (cases) => {
  it.each(titled(cases))(
    '%s [R8-02] [R8-03] [R8-04] [R8-05] [R8.1-01] [R8.5-01] [R8.7-01]',
    (_title, one) => {
      const suite = suiteOf(one);
      let initSecret = one.get('initial_init_secret').bytes();
      for (const [index, epoch] of one.get('epochs').array().entries()) {
        const text = (name: string): string => epoch.get(name).text();
        const context = GroupContext.bytesOf({
          version: 1,
          cipherSuite: suite.id,
          groupId: one.get('group_id').bytes(),
          epoch: BigInt(index),
          treeHash: epoch.get('tree_hash').bytes(),
          confirmedTranscriptHash: epoch.get('confirmed_transcript_hash').bytes(),
          extensions: [],
        });
        expect(hex(context)).toBe(text('group_context'));
        const commitSecret = epoch.get('commit_secret').bytes();
        const joiner = deriveJoinerSecret(suite, { initSecret, commitSecret, groupContext: context });
        expect(hex(joiner)).toBe(text('joiner_secret'));
        const member = deriveMemberSecret(suite, joiner, epoch.get('psk_secret').bytes());
        expect(hex(deriveSecret(suite, member, 'welcome'))).toBe(text('welcome_secret'));
        const { secrets, encryptionSecret } = deriveEpoch(suite, member, context);
        expect(member.every((byte) => byte === 0)).toBe(true);
        expect({
          init: hex(secrets.initSecret),
          senderData: hex(secrets.senderDataSecret),
          encryption: hex(encryptionSecret),
          exporter: hex(secrets.exporterSecret),
          authenticator: hex(secrets.epochAuthenticator),
          external: hex(secrets.externalSecret),
          confirmation: hex(secrets.confirmationKey),
          membership: hex(secrets.membershipKey),
          resumption: hex(secrets.resumptionPsk),
          externalPub: hex(deriveExternalKeyPair(suite, secrets.externalSecret).publicKey),
        }).toEqual({
          init: text('init_secret'),
          senderData: text('sender_data_secret'),
          encryption: text('encryption_secret'),
          exporter: text('exporter_secret'),
          authenticator: text('epoch_authenticator'),
          external: text('external_secret'),
          confirmation: text('confirmation_key'),
          membership: text('membership_key'),
          resumption: text('resumption_psk'),
          externalPub: text('external_pub'),
        });
        const exporter = epoch.get('exporter');
        const exported = exportSecret(suite, secrets.exporterSecret, {
          label: exporter.get('label').text(),
          context: exporter.get('context').bytes(),
          length: exporter.get('length').number(),
        });
        expect(hex(exported)).toBe(exporter.get('secret').text());
        initSecret = secrets.initSecret;
      }
    },
  );
});
