import { describe, expect, it } from '@jest/globals';

import { SenderType } from '../../src/framing/content.ts';
import { decodeMessage } from '../../src/framing/message.ts';
import type { Proposal } from '../../src/proposals/proposal.ts';
import { needsPath } from '../../src/proposals/proposal-list.ts';
import {
  CredentialType,
  ExtensionType,
  isDefaultExtensionType,
  isDefaultProposalType,
  isPrivateUse,
  ProposalType,
  WireFormat,
} from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { empty, keyPackageOf, party } from '../parties.ts';

const { keyPackage } = keyPackageOf(party('alice'));

describe('the code points', () => {
  it('of wire formats are 1 to 5; others, private ones too, carry nothing that can be read [R17.2-01]', () => {
    expect(WireFormat).toEqual({
      publicMessage: 1,
      privateMessage: 2,
      welcome: 3,
      groupInfo: 4,
      keyPackage: 5,
    });
    for (const format of [0, 6, 0xf000, 0xffff]) {
      const bytes = Uint8Array.of(0, 1, format >>> 8, format & 0xff, 0, 0, 0, 0);
      expect(() => decodeMessage(bytes)).toThrow(
        expect.objectContaining({ name: 'CodecError', code: 'UNKNOWN_VALUE' }),
      );
    }
    expect([0xefff, 0xf000, 0xffff].map(isPrivateUse)).toEqual([false, true, true]);
  });

  it('of extensions are 1 to 5, which everybody supports [R17.3-01]', () => {
    expect(ExtensionType).toEqual({
      applicationId: 1,
      ratchetTree: 2,
      requiredCapabilities: 3,
      externalPub: 4,
      externalSenders: 5,
    });
    expect([0, 1, 2, 3, 4, 5, 6].filter(isDefaultExtensionType)).toEqual([1, 2, 3, 4, 5]);
  });

  it('of proposals are 1 to 7, which everybody supports [R17.4-01]', () => {
    expect(Object.values(ProposalType)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([0, 1, 7, 8].filter(isDefaultProposalType)).toEqual([1, 7]);
  });

  it('of proposals that need a path are 2, 3, 6 and 7 [R17.4-01]', () => {
    const alone: readonly Proposal[] = [
      { proposalType: ProposalType.add, keyPackage },
      { proposalType: ProposalType.update, leafNode: keyPackage.leafNode },
      { proposalType: ProposalType.remove, removed: toLeafIndex(1) },
      { proposalType: ProposalType.psk, psk: { pskType: 1, pskId: empty, pskNonce: empty } },
      { proposalType: ProposalType.reinit, groupId: empty, version: 1, cipherSuite: 1, extensions: [] },
      { proposalType: ProposalType.externalInit, kemOutput: empty },
      { proposalType: ProposalType.groupContextExtensions, extensions: [] },
    ];
    const sender = { senderType: SenderType.member, leafIndex: toLeafIndex(0) };
    const needing = alone.filter((proposal) => needsPath([{ proposal, sender, reference: undefined }]));
    expect(needing.map(({ proposalType }) => proposalType)).toEqual([2, 3, 6, 7]);
  });

  it('of credentials are 1 and 2 [R17.5-01]', () => {
    expect(CredentialType).toEqual({ basic: 1, x509: 2 });
  });
});
