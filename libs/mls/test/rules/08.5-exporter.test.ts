import { createHmac } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { getCipherSuite } from '@canopy/crypto';

import { bytes, commitBy, empty, expectAgreement, follow, found, party, trio } from '../parties.ts';
import { isZero } from '../recording-suite.ts';
import { hex } from '../suites.ts';

const request = { label: 'canopy test', context: bytes('context'), length: 32 };

/** HKDF-Expand of one block, with nothing of this library. */
const expand = (secret: Uint8Array, label: string, context: Uint8Array, length: number): Buffer => {
  const name = bytes(`MLS 1.0 ${label}`);
  const info = [Uint8Array.of(0, length, name.length), name, Uint8Array.of(context.length), context];
  return createHmac('sha256', secret)
    .update(Buffer.concat([...info, Uint8Array.of(1)]))
    .digest()
    .subarray(0, length);
};

describe('an exported secret', () => {
  it('is derived with a label, then with the hash of a context [R8.5-01]', async () => {
    const { group } = await found(party('alice'));
    const { exporterSecret } = group.state.secrets;
    const derived = expand(exporterSecret, request.label, empty, 32);
    const expected = expand(derived, 'exported', group.suite.hash.digest(request.context), 32);
    expect(hex(group.exportSecret(request))).toBe(expected.toString('hex'));
  });

  it.each([1, 5, 7])('of suite %i may be as long as HKDF can make it, not longer [R8.5-02]', async (id) => {
    const { group } = await found(party('alice', { suite: getCipherSuite(id) }));
    const longest = 255 * group.suite.kdf.size;
    expect(group.exportSecret({ ...request, length: longest })).toHaveLength(longest);
    for (const length of [longest + 1, 65_535, 65_536, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => group.exportSecret({ ...request, length })).toThrow(
        expect.objectContaining({ code: 'MISUSE', requirement: 'R8.5-02' }),
      );
    }
  });

  it('is another one after each commit, for all members, and the old one cannot be made again [R8.5-04]', async () => {
    const members = await trio();
    const [alice, bob, carol] = members;
    const before = hex(alice.group.exportSecret(request));
    const old = members.map(({ group }) => group.state.secrets.exporterSecret);
    const { message, staged } = await carol.group.commit();
    expect(hex(carol.group.exportSecret(request))).toBe(before);
    carol.group.keep(staged);
    for (const peer of [alice, bob]) await follow(peer, message);
    const after = members.map(({ group }) => hex(group.exportSecret(request)));
    expect(new Set(after).size).toBe(1);
    expect(after).not.toContain(before);
    expect(old.every(isZero)).toBe(true);
  });
});

describe('the epoch authenticator', () => {
  it('is the same for all members of an epoch, and another in each epoch [R8.7-01]', async () => {
    const members = await trio();
    const seen = new Set<string>();
    for (const committer of members) {
      expectAgreement(members);
      seen.add(hex(committer.group.epochAuthenticator));
      await commitBy(committer, members);
    }
    expect(seen.size).toBe(3);
    const [alice] = members;
    alice.group.epochAuthenticator.fill(0);
    expect(isZero(alice.group.epochAuthenticator)).toBe(false);
  });
});
