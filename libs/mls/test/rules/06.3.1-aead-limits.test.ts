import { describe, expect, it } from '@jest/globals';

import { aeadLimitsOf, requireMessageCount, requireMessageLength } from '../../src/framing/aead-limits.ts';
import { ContentType } from '../../src/framing/content.ts';
import { protectPrivate } from '../../src/framing/protect.ts';
import { sendingKeys } from '../../src/group/state.ts';
import { defaultPolicy, type Padding } from '../../src/policy.ts';
import { contentOf } from '../forge.ts';
import { snapshot } from '../parties.ts';
import { acquainted, expectGoesOn } from '../refusal/expect-refused.ts';

describe('how much is encrypted', () => {
  it.each([1, 2, 3, 4, 5, 6, 7] as const)('has limits for suite %i [R6.3.1-09, R15.2-01]', (id) => {
    const { messageLength, messages } = aeadLimitsOf({ id });
    requireMessageLength({ id }, messageLength);
    expect(() => requireMessageLength({ id }, messageLength + 1)).toThrow(
      expect.objectContaining({ code: 'AEAD_LIMIT', requirement: 'R6.3.1-09' }),
    );
    requireMessageCount({ id }, messages - 1);
    expect(() => requireMessageCount({ id }, messages)).toThrow(
      expect.objectContaining({ code: 'AEAD_LIMIT', requirement: 'R15.2-01' }),
    );
    const isGcm = id !== 3 && id !== 6;
    // q * L * B / 2^127 < 2^-50 for the whole ratchet, blocks of 16 bytes (draft-irtf-cfrg-aead-limits, 6.1).
    if (isGcm) expect(Math.log2(messages) + 2 * Math.log2(messageLength / 16) - 127).toBeLessThan(-50);
    expect(messageLength).toBeLessThanOrEqual(2 ** 30 - 1 - 16);
    expect(messages).toBeLessThanOrEqual(2 ** 32);
  });

  it('ends before the limit of the AEAD, and nothing is consumed [R6.3.1-09]', async () => {
    const [alice, bob, carol] = await acquainted();
    const { messageLength } = aeadLimitsOf(alice.group.suite);
    const applicationData = new Uint8Array(messageLength);
    const content = contentOf(alice, { contentType: ContentType.application, applicationData });
    const auth = { signature: new Uint8Array(64), confirmationTag: undefined };
    const before = snapshot(alice);
    const none: Padding = { kind: 'none' };
    const keys = sendingKeys(alice.group.state, { ...defaultPolicy, padding: none });
    expect(() => protectPrivate(keys, { content, auth })).toThrow(
      expect.objectContaining({ code: 'AEAD_LIMIT', requirement: 'R6.3.1-09' }),
    );
    expect(snapshot(alice)).toBe(before);
    await expectGoesOn(alice, [alice, bob, carol]);
  });
});
