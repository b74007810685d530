import { describe, expect, it } from '@jest/globals';

import { describeVectors } from '@canopy/vectors';

import { Reader } from '../../src/index.ts';
import { putLength, sizeOfLength } from '../../src/varint.ts';

describeVectors('deserialization', { describe, it }, (cases) => {
  it.each(cases.map((one) => [one.get('vlbytes_header').text(), one] as const))(
    'reads and writes the header %s [R2.1.2-01] [R2.1.2-02]',
    (_, one) => {
      const header = one.get('vlbytes_header').bytes();
      const length = one.get('length').number();
      const reader = new Reader(header);
      expect(reader.length()).toBe(length);
      expect(reader.remaining).toBe(0);

      const written = new Uint8Array(sizeOfLength(length));
      putLength(written, 0, length);
      expect(written).toEqual(header);
    },
  );
});
