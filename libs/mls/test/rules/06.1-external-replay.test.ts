import { describe, expect, it } from '@jest/globals';

import { ContentType, type ContentBody } from '../../src/framing/content.ts';
import { external, served, serverKey } from '../external-senders.ts';
import { forgePublic } from '../forge-public.ts';
import { contentOf, publicOf } from '../forge.ts';
import { proposeFromOutside } from '../outsider.ts';
import { announce, removeOf, type Peer } from '../parties.ts';
import { expectGoesOn, expectRefused } from '../refusal/expect-refused.ts';

const removal = (peer: Peer): ContentBody => ({
  contentType: ContentType.proposal,
  proposal: removeOf(peer),
});

describe('a proposal of an external sender', () => {
  it('is not taken over into another group or another epoch (S2) [R6-07, R12.1-01]', async () => {
    const [alice, bob, carol] = await served();
    const [dora, emil, fred] = await served();
    const proposal = proposeFromOutside(alice.group, external(0), removeOf(carol), serverKey);
    await expectRefused(emil, proposal, 'WRONG_GROUP', 'R6-07');
    const { content, auth } = publicOf(proposal);
    // What has no context in its signature is bound to group and epoch by its header alone, which is signed too.
    const moved = forgePublic(dora, { ...content, groupId: dora.group.groupId }, { auth });
    await expectRefused(emil, moved, 'INVALID_SIGNATURE', 'R6.1-09');
    const early = forgePublic(
      alice,
      { ...content, epoch: content.epoch + 1n },
      { signaturePrivateKey: serverKey },
    );
    await expectRefused(bob, early, 'WRONG_EPOCH', 'R12.4.2-01');
    await announce(proposal, bob);
    await expectGoesOn(alice, [alice, bob, carol]);
    await expectRefused(bob, proposal, 'WRONG_EPOCH', 'R12.4.2-01');
    await expectGoesOn(dora, [dora, emil, fred]);
  });

  it('keeps its epoch: one for a later epoch does nothing before (S2) [R12.1-01]', async () => {
    const [alice, bob, carol] = await served();
    const content = contentOf(alice, removal(carol), {
      sender: external(0),
      epoch: alice.group.epoch + 2n,
    });
    const message = forgePublic(alice, content, { signaturePrivateKey: serverKey });
    await expectRefused(bob, message, 'WRONG_EPOCH', 'R12.4.2-01');
    await expectGoesOn(alice, [alice, bob, carol]);
    await expectRefused(bob, message, 'WRONG_EPOCH', 'R12.4.2-01');
    expect(bob.group.state.proposals).toEqual([]);
  });
});
