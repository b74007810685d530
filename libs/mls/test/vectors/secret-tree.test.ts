import { describe, expect, it } from '@jest/globals';

import { describeVectors } from '@canopy/vectors';

import { senderDataKey } from '../../src/framing/sender-data.ts';
import { SecretTree } from '../../src/secret-tree/secret-tree.ts';
import { toLeafIndex } from '../../src/tree/math.ts';
import { hex, suiteOf, titled } from '../suites.ts';

const limits = { maximumForwardSteps: 100, maximumSkippedKeys: 100 };

describeVectors('secret-tree', { describe, it }, (cases) => {
  it.each(titled(cases))('%s: sender data key [R6.3.2-02]', (_title, one) => {
    const given = one.get('sender_data');
    const found = senderDataKey(
      suiteOf(one),
      given.get('sender_data_secret').bytes(),
      given.get('ciphertext').bytes(),
    );
    expect(hex(found.key)).toBe(given.get('key').text());
    expect(hex(found.nonce)).toBe(given.get('nonce').text());
  });

  it.each(titled(cases))(
    '%s: ratchets, looked up and taken in order [R9-01] [R9-02] [R9.1-01]',
    (_title, one) => {
      const suite = suiteOf(one);
      const leaves = one.get('leaves').array();
      const start = (): SecretTree =>
        SecretTree.start(suite, one.get('encryption_secret').bytes(), leaves.length);
      const received = start();
      const sent = start();
      for (const [index, generations] of leaves.entries()) {
        for (const kind of ['handshake', 'application'] as const) {
          const wanted = new Map(
            generations.array().map((value) => [value.get('generation').number(), value]),
          );
          for (let generation = 0; generation <= Math.max(...wanted.keys()); generation++) {
            const taken = sent.ratchet(toLeafIndex(index), kind).next();
            const value = wanted.get(generation);
            expect(taken.generation).toBe(generation);
            if (value === undefined) continue;
            expect(hex(taken.key)).toBe(value.get(`${kind}_key`).text());
            expect(hex(taken.nonce)).toBe(value.get(`${kind}_nonce`).text());
            const lookup = received.ratchet(toLeafIndex(index), kind).lookUp(generation, limits);
            expect(hex(lookup.messageKey.key)).toBe(value.get(`${kind}_key`).text());
            expect(hex(lookup.messageKey.nonce)).toBe(value.get(`${kind}_nonce`).text());
            lookup.consume();
          }
        }
      }
    },
  );
});
