import { getCipherSuite, type CipherSuite } from '@canopy/crypto';
import type { VectorValue } from '@canopy/vectors';

/** The hexadecimal text of bytes, for readable comparisons. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The suite of a vector case. */
export function suiteOf(one: VectorValue): CipherSuite {
  return getCipherSuite(one.get('cipher_suite').number());
}

/** Cases with a title for `it.each`. */
export function titled(cases: readonly VectorValue[]): (readonly [string, VectorValue])[] {
  return cases.map((one, index) => {
    const suite = one.has('cipher_suite') ? `, suite ${one.get('cipher_suite').number()}` : '';
    return [`case ${index}${suite}`, one];
  });
}
