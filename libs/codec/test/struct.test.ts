import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { CodecError, decode, encode, struct, uint16, uint8 } from '../src/index.ts';
import { hex, Sample, sample, SAMPLE_HEX, Shape, toHex } from './sample.ts';

const code = (value: string): unknown => expect.objectContaining({ name: 'CodecError', code: value });
const byte = fc.integer({ min: 0, max: 255 });
const shape = fc.oneof(
  fc.record({ shape: fc.constant(1 as const), radius: fc.integer({ min: 0, max: 65_535 }) }),
  fc.record({ shape: fc.constant(2 as const), corners: fc.array(fc.record({ x: byte, y: byte })) }),
);
const uint32s = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const anySample = fc.record({
  small: byte,
  open: fc.integer({ min: 0, max: 65_535 }),
  wide: uint32s,
  epoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  colour: fc.constantFrom(1 as const, 2 as const),
  name: fc.uint8Array({ maxLength: 100 }),
  magic: fc.uint8Array({ minLength: 3, maxLength: 3 }),
  note: fc.option(fc.uint8Array(), { nil: undefined }),
  shapes: fc.array(shape),
  numbers: fc.array(uint32s, { maxLength: 40 }),
  nested: fc.record({
    inner: fc.option(fc.record({ deep: fc.array(fc.array(byte)) }), { nil: undefined }),
  }),
});

describe('struct', () => {
  it('writes its fields in their order, and reads them back', () => {
    expect(toHex(encode(Sample, sample))).toBe(SAMPLE_HEX);
    expect(decode(Sample, hex(SAMPLE_HEX))).toEqual(sample);
  });

  it('gives back every value that was written', () => {
    fc.assert(
      fc.property(anySample, (value) => {
        expect(decode(Sample, encode(Sample, value))).toEqual(value);
      }),
    );
  });

  it('refuses anything after its end [R2.1-02]', () => {
    expect(() => decode(Sample, hex(`${SAMPLE_HEX}00`))).toThrow(code('TRAILING_BYTES'));
  });

  it('refuses to end at any byte before its end [R2.1-03]', () => {
    const whole = hex(SAMPLE_HEX);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decode(Sample, whole.subarray(0, length))).toThrow(code('TRUNCATED'));
    }
  });

  it('gives a CodecError or a value whose encoding is the input, after a change of any byte', () => {
    const whole = hex(SAMPLE_HEX);
    for (let at = 0; at < whole.length; at++) {
      for (let value = 0; value < 256; value++) {
        const changed = new Uint8Array(whole);
        changed[at] = value;
        expect(outcome(changed)).toBe('fine');
      }
    }
  });

  it('gives a CodecError or a value whose encoding is the input, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(outcome(bytes)).toBe('fine');
      }),
      { numRuns: 2000 },
    );
  });

  it('names the way to a fault', () => {
    const wrong = { ...sample, shapes: [sample.shapes[0], { shape: 1, radius: 70_000 }] } as const;
    const write = (): unknown => encode(Sample, wrong);
    expect(write).toThrow(code('INVALID_VALUE'));
    expect(write).toThrow(/^shapes\..*radius: uint16 expected, found 70000$/);
    const cut = hex(SAMPLE_HEX.replace('01012c', '030000'));
    expect(() => decode(Sample, cut)).toThrow(expect.objectContaining({ path: 'shapes.0.shape' }));
  });
});

function outcome(bytes: Uint8Array): unknown {
  try {
    expect(toHex(encode(Sample, decode(Sample, bytes)))).toBe(toHex(bytes));
    return 'fine';
  } catch (error) {
    return error instanceof CodecError ? 'fine' : error;
  }
}

describe('select', () => {
  it('reads the arm that belongs to the tag', () => {
    expect(decode(Shape, hex('01012c'))).toEqual({ shape: 1, radius: 300 });
    expect(decode(Shape, hex('02020102'))).toEqual({ shape: 2, corners: [{ x: 1, y: 2 }] });
  });

  it.each(['00', '03', 'ff'])('refuses the tag %s, which has no arm [R2.1-04]', (tag) => {
    expect(() => decode(Shape, hex(`${tag}012c`))).toThrow(code('UNKNOWN_VALUE'));
    expect(() => decode(Shape, hex(`${tag}012c`))).toThrow(expect.objectContaining({ path: 'shape' }));
  });
});

describe('decode', () => {
  it('keeps nothing of the memory of its caller', () => {
    const bytes = hex(SAMPLE_HEX);
    const value = decode(Sample, bytes);
    bytes.fill(0);
    expect(value).toEqual(sample);
  });

  it('gives plain arrays, also for a Buffer', () => {
    const { name } = decode(Sample, Buffer.from(SAMPLE_HEX, 'hex'));
    expect(Object.getPrototypeOf(name)).toBe(Uint8Array.prototype);
  });

  it('leaves no property behind that is not a field', () => {
    const pair = struct({ a: uint8, b: uint16 });
    expect(Object.keys(decode(pair, hex('010002')))).toEqual(['a', 'b']);
  });
});
