import { describe, expect, it } from '@jest/globals';

import { describeVectors } from '@canopy/vectors';

import { derivePskSecret, PSKType } from '../../src/schedule/psk.ts';
import { hex, suiteOf, titled } from '../suites.ts';

describeVectors('psk_secret', { describe, it }, (cases) => {
  it.each(titled(cases))('%s [R8.4-01] [R8.4-04] [R8.4-05]', (_title, one) => {
    const psks = one
      .get('psks')
      .array()
      .map((psk) => ({
        id: {
          pskType: PSKType.external,
          pskId: psk.get('psk_id').bytes(),
          pskNonce: psk.get('psk_nonce').bytes(),
        },
        psk: psk.get('psk').bytes(),
      }));
    expect(hex(derivePskSecret(suiteOf(one), psks))).toBe(one.get('psk_secret').text());
  });
});
