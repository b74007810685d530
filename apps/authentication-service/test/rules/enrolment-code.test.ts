import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { hashEnrolmentCode, makeEnrolmentCode } from '../../src/rules/enrolment-code.ts';

describe('an enrolment code', () => {
  it('is never the same twice', () => {
    const codes = new Set(Array.from({ length: 1_000 }, makeEnrolmentCode));
    expect(codes.size).toBe(1_000);
  });

  it('has one hash however it is written', () => {
    fc.assert(
      fc.property(fc.nat(24), fc.constantFrom(' ', '-', '\t', ' - '), (at, separator) => {
        const code = makeEnrolmentCode();
        const plain = code.replaceAll('-', '').toLowerCase();
        const written = plain.slice(0, at) + separator + plain.slice(at);
        expect(hashEnrolmentCode(written)).toEqual(hashEnrolmentCode(code));
      }),
    );
  });

  it('has another hash when one character differs', () => {
    const code = makeEnrolmentCode();
    const other = (code.startsWith('A') ? 'B' : 'A') + code.slice(1);
    expect(hashEnrolmentCode(other)).not.toEqual(hashEnrolmentCode(code));
  });
});
