import { describe, expect, it } from '@jest/globals';

import { equal } from '@canopy/crypto';

import { collect } from '../../src/bytes/corpus.ts';
import { decodersOf } from '../../src/bytes/decoders.ts';
import { runBytes } from '../../src/bytes/run-bytes.ts';
import { damageDecoder } from '../../src/bytes/targets.ts';
import { Choices } from '../../src/choices.ts';
import { Counts } from '../../src/counts.ts';
import { mutate } from '../../src/mutate.ts';
import { World } from '../../src/structure/world.ts';
import { patient } from '../../src/watcher.ts';
import { anyWorld } from '../worlds.ts';

describe('damaged bytes', () => {
  it.each([1, 2, 3])('of seed %i are refused, or are other values', async (seed) => {
    const counts = new Counts();
    await runBytes({ seed, options: { ...anyWorld, steps: 150 } }, counts, patient);
    expect(counts.sum('input ')).toBeGreaterThan(150);
    expect(counts.sum('refusal ')).toBeGreaterThan(100);
    expect(counts.of('read')).toBeGreaterThan(0);
  });

  it('are never the original', () => {
    const choices = new Choices(1);
    for (let size = 1; size < 60; size++) {
      const bytes = choices.bytes(size);
      for (let count = 0; count < 20; count++)
        expect(equal(mutate(choices, bytes, [bytes]), bytes)).toBe(false);
    }
  });
});

describe('every decoder', () => {
  it('reads and writes its samples', async () => {
    const world = await World.create(3, anyWorld, new Counts());
    const [device] = world.active;
    if (device === undefined) throw new Error('a founder expected');
    const decoders = decodersOf(await collect(world, device));
    expect(decoders.length).toBeGreaterThan(25);
    for (const { samples, readAndWrite } of decoders) {
      for (const bytes of samples) expect(equal(readAndWrite(bytes), bytes)).toBe(true);
    }
  });

  it.each([
    {
      fault: 'throws what is not typed',
      act: (): never => {
        throw new SyntaxError('not one of ours');
      },
      found: /SyntaxError/,
    },
    { fault: 'writes something else', act: (): Uint8Array => new Uint8Array(3), found: /it is other bytes/ },
    { fault: 'takes too long', act: busy, found: /took \d+ ms/ },
  ])('is found out when it $fault', async ({ act, found }) => {
    const world = await World.create(3, anyWorld, new Counts());
    const samples = [Uint8Array.of(1, 2, 3, 4)];
    const decoder = { name: 'broken', samples, readAndWrite: act, isCanonical: true };
    await expect(damageDecoder(world, [decoder])).rejects.toThrow(found);
  });
});

function busy(bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  const before = process.cpuUsage().user;
  while (process.cpuUsage().user - before < 1_100_000);
  return bytes;
}
