import { describe, expect, it } from '@jest/globals';

import { VectorValue } from '../src/index.ts';

const value = new VectorValue(
  { key: '00ff', count: 3, none: null, list: [[1], [2, null]], text: 'abc' },
  'sample[0]',
);

describe('VectorValue', () => {
  it('reads hexadecimal text, numbers, text and nested arrays', () => {
    expect(value.get('key').bytes()).toEqual(Uint8Array.of(0, 255));
    expect(value.get('count').number()).toBe(3);
    expect(value.get('count').bigint()).toBe(3n);
    expect(value.get('text').text()).toBe('abc');
    const rows = value.get('list').array();
    expect(rows.map((row) => row.array().map((cell) => cell.optional()?.number()))).toEqual([
      [1],
      [2, undefined],
    ]);
    expect(value.has('none')).toBe(true);
    expect(value.has('nothing')).toBe(false);
  });

  it.each([
    ['a missing field', () => value.get('nothing'), 'sample[0]: a field nothing expected'],
    [
      'a field of what is no object',
      () => value.get('count').get('x'),
      'sample[0].count: an object expected',
    ],
    [
      'a field that only the prototype has',
      () => value.get('toString'),
      'sample[0]: a field toString expected',
    ],
    [
      'text that is not hexadecimal',
      () => value.get('text').bytes(),
      'sample[0].text: hexadecimal text expected',
    ],
    ['text for a number', () => value.get('text').number(), 'sample[0].text: an integer expected'],
    ['a number for text', () => value.get('count').text(), 'sample[0].count: text expected'],
    ['null for bytes', () => value.get('none').bytes(), 'sample[0].none: text expected'],
    ['an object for an array', () => value.array(), 'sample[0]: an array expected'],
    [
      'a wrong element',
      () => value.get('list').array()[1]?.array()[1]?.number(),
      'sample[0].list[1][1]: an integer',
    ],
  ])('refuses %s and says where', (_, read, message) => {
    expect(read).toThrow(expect.objectContaining({ code: 'WRONG_SHAPE' }));
    expect(read).toThrow(message);
  });
});
