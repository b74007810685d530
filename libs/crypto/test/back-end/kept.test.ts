import { expect, it } from '@jest/globals';

import { keptBeside } from '../../src/back-end/kept.ts';
import { wipe } from '../../src/index.ts';
import { Ed25519, X25519 } from '../../src/key-algorithms.ts';

it('what was made of a key is made once, and once for each algorithm', () => {
  const privateKey = Uint8Array.of(1, 2, 3);
  const made = keptBeside(privateKey, Ed25519, () => Uint8Array.of(7));
  expect(keptBeside(privateKey, Ed25519, () => Uint8Array.of(8))).toBe(made);
  expect(keptBeside(privateKey, X25519, () => Uint8Array.of(9))).toEqual(Uint8Array.of(9));
});

it('what was made of a key is overwritten with it', () => {
  const privateKey = Uint8Array.of(1, 2, 3);
  const made = keptBeside(privateKey, Ed25519, () => Uint8Array.of(7, 7));
  wipe(privateKey);
  expect([...privateKey, ...made]).toEqual([0, 0, 0, 0, 0]);
  expect(keptBeside(privateKey, Ed25519, () => Uint8Array.of(8))).toEqual(Uint8Array.of(8));
});
