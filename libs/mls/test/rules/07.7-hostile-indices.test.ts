import { describe, expect, it } from '@jest/globals';

import { signGroupInfo } from '../../src/commits/group-info.ts';
import { ContentType, SenderType } from '../../src/framing/content.ts';
import { ProposalType, WireFormat } from '../../src/registries.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { forge } from '../forge.ts';
import { forgePrivate } from '../forge-private.ts';
import { enter, invitation } from '../outsider.ts';
import { bytes, empty, party, refusal, snapshot, trio } from '../parties.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';

/*
 * A leaf index is any uint32 on the wire. Alice, Bob and Carol stand at 0, 1 and 2 of four places: an index whose node
 * would be one of theirs if it were calculated in 32 bits, or that is negative as a signed number, is nobody's.
 */

const indices = [3, 4, 2 ** 30, 2 ** 30 + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 31 + 2, 2 ** 32 - 1];

const framing = { wireFormat: WireFormat.privateMessage, authenticatedData: empty };

describe.each(indices)('leaf index %i of a group of three', (index) => {
  const leafIndex = toLeafIndex(index);
  const remove = { proposalType: ProposalType.remove, removed: leafIndex } as const;

  it('is removed by nobody: not by a proposal, not by a commit, not by this client [R12.1.3-01]', async () => {
    const [first, second, third] = await trio();
    const proposal = forge(first, { contentType: ContentType.proposal, proposal: remove });
    await expectRefused(second, proposal, 'UNKNOWN_LEAF');
    const commit = { proposals: [{ type: 1 as const, proposal: remove }], path: undefined };
    await expectRefused(second, forge(first, { contentType: ContentType.commit, commit }), 'UNKNOWN_LEAF');
    const before = snapshot(first);
    await expect(first.group.commit({ proposals: [remove] })).rejects.toEqual(refusal('UNKNOWN_LEAF'));
    await expect(first.group.propose(remove, framing)).rejects.toEqual(refusal('UNKNOWN_LEAF'));
    expect(snapshot(first)).toBe(before);
    await expectGoesOn(first, [first, second, third]);
  });

  it('sends no messages, public or private', async () => {
    const [first, second, third] = await trio();
    const sender = { senderType: SenderType.member, leafIndex };
    const body = { contentType: ContentType.proposal, proposal: remove } as const;
    await expectRefused(second, forge(first, body, { content: { sender } }), 'UNKNOWN_SENDER');
    const message = forgePrivate(first, {
      body: { contentType: ContentType.application, applicationData: bytes('hello') },
      leafIndex: index,
    });
    await expectRefused(second, message, 'UNKNOWN_SENDER');
    await expectGoesOn(first, [first, second, third]);
  });

  it('signs no GroupInfo [R12.4.3-06]', async () => {
    const [first] = await trio();
    const { groupContext, extensions, confirmationTag } = invitation(first);
    const info = { groupContext, extensions, confirmationTag, signer: leafIndex };
    const groupInfo = signGroupInfo(first.party.suite, info, first.group.state.signaturePrivateKey);
    await expect(enter(party('dave'), first, { groupInfo })).rejects.toEqual(refusal('INVALID_GROUP_INFO'));
  });
});
