import { describe, expect, it } from '@jest/globals';

import { CodecError } from '../src/index.ts';

describe('CodecError', () => {
  it('tells the way from the outermost field to the fault', () => {
    const error = new CodecError('TRUNCATED', '2 bytes expected, 1 left')
      .within('radius')
      .within('0')
      .within('shapes');
    expect(error.path).toBe('shapes.0.radius');
    expect(error.message).toBe('shapes.0.radius: 2 bytes expected, 1 left');
    expect(error.code).toBe('TRUNCATED');
  });
});
