import { describe, expect, it } from '@jest/globals';

import { withRatios, type MedianRow } from '../../src/ratios.ts';

function row(peer: string, microseconds: number, more: Partial<MedianRow> = {}): MedianRow {
  return { name: 'join', tree: 'warm', members: 100, suite: 1, peer, microseconds, runs: 15, ...more };
}

describe('the ratios', () => {
  it('compare with the stable ts-mls, not with its pre-release, and with the floor', () => {
    const rows = withRatios([
      row('canopy 0.1.0 (node:crypto)', 20),
      row('floor (node:crypto)', 10),
      row('ts-mls 2.0.0-rc.10', 100),
      row('ts-mls 1.6.4', 600),
    ]);
    expect(rows.map(({ peer, ratio, floorRatio }) => [peer, ratio, floorRatio])).toEqual([
      ['canopy 0.1.0 (node:crypto)', 30, 2],
      ['floor (node:crypto)', undefined, undefined],
      ['ts-mls 2.0.0-rc.10', 6, 10],
      ['ts-mls 1.6.4', 1, 60],
    ]);
  });

  it("compare each of Canopy's rows with the floor of its own back end, other libraries with that of node:crypto", () => {
    const rows = withRatios([
      row('canopy 0.1.0 (node:crypto)', 30),
      row('floor (node:crypto)', 20),
      row('canopy 0.1.0 (sodium-native)', 12),
      row('floor (sodium-native)', 10),
      row('ts-mls 1.6.4', 600),
    ]);
    expect(rows.map(({ ratio, floorRatio }) => [ratio, floorRatio])).toEqual([
      [20, 1.5],
      [undefined, undefined],
      [50, 1.2],
      [undefined, undefined],
      [1, 30],
    ]);
  });

  it.each([
    ['operation', { name: 'load' }],
    ['tree', { tree: 'fresh' }],
    ['number of members', { members: 10 }],
    ['suite', { suite: 2 }],
  ] as const)('never compare with another %s', (_, other) => {
    const [own] = withRatios([
      row('canopy 0.1.0 (node:crypto)', 20),
      row('floor (node:crypto)', 10, other),
      row('ts-mls 1.6.4', 600, other),
    ]);
    expect(own).not.toHaveProperty('ratio');
    expect(own).not.toHaveProperty('floorRatio');
  });

  it('are absent where only a pre-release was measured', () => {
    const [own] = withRatios([row('canopy 0.1.0 (node:crypto)', 20), row('ts-mls 2.0.0-rc.10', 100)]);
    expect(own).not.toHaveProperty('ratio');
  });
});
