import { describe, expect, it } from '@jest/globals';

import type { BenchmarkResult, OperationRow } from '../../src/operations.ts';
import { drawChart } from '../../src/report/chart.ts';
import { madeUpPeers, madeUpResult } from './made-up-result.ts';

const shown =
  'create-group commit-create commit-process-far add-create add-process join protect-100 unprotect-100'.split(
    ' ',
  );

/** Of Canopy and the floor those as installed are shown. */
function isShown({ name, tree, members, suite, peer }: OperationRow): boolean {
  if (peer.endsWith(' (node:crypto)')) return false;
  const isTree = tree === (name === 'create-group' ? 'fresh' : 'warm');
  return suite === 1 && [100, 1000].includes(members) && isTree && shown.includes(name);
}

/** Gives the names of all elements; throws where tags or attributes are not well-formed. */
function elementsOf(svg: string): readonly string[] {
  const names: string[] = [];
  const open: string[] = [];
  const tag = /<(\/?)([a-z]+)((?: [a-zA-Z0-9:-]+="[^"<>]*")*)(\/?)>/g;
  for (const [, isEnd, name = '', , isEmpty] of svg.matchAll(tag)) {
    if (isEnd === '/' && open.pop() !== name) throw new Error(`</${name}> ends nothing`);
    if (isEnd === '/') continue;
    names.push(name);
    if (isEmpty === '') open.push(name);
  }
  if (open.length > 0) throw new Error(`no end of ${open.join(', ')}`);
  const rest = svg.replaceAll(tag, '');
  if (/[<>]|&(?!amp;|lt;|gt;|quot;)/.test(rest)) throw new Error('a character that has to be escaped');
  return names;
}

function changed(
  result: BenchmarkResult,
  factor: number,
  which: (row: OperationRow) => boolean,
): BenchmarkResult {
  const operations = result.operations.map((row) =>
    which(row) ? { ...row, microseconds: row.microseconds * factor } : row,
  );
  return { ...result, operations };
}

/** Says whether a row is Canopy's for joining. */
function isOwnJoin({ name, peer }: OperationRow): boolean {
  return name === 'join' && peer === madeUpPeers[0];
}

/** Gives where Canopy's mark for joining stands. */
function ownJoinAt(result: BenchmarkResult): number {
  const mark =
    /join by Welcome, 100 members, canopy[^<]*<\/title><g class="mark canopy"><circle cx="([\d.]+)"/;
  return Number(mark.exec(drawChart(result))?.[1]);
}

function renamed(result: BenchmarkResult, from: string, to: string): BenchmarkResult {
  const peers = result.machine.peers.map((peer) => (peer === from ? to : peer));
  const operations = result.operations.map((row) => (row.peer === from ? { ...row, peer: to } : row));
  return { ...result, machine: { ...result.machine, peers }, operations };
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly y: number;
  readonly text: string;
}

/** Gives how wide letters are on average in a wide font. */
function letterWidth(attributes: string): number {
  if (attributes.includes('class="title"')) return 11;
  return attributes.includes('class="soft"') ? 6.6 : 7.6;
}

/** Gives where the texts are, if a letter were as wide as in a wide font. */
function boxesOf(svg: string): readonly Box[] {
  const texts = svg.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g);
  return [...texts].map(([, attributes = '', text = '']) => {
    const number = (name: string): number =>
      Number(new RegExp(`(?:^| )${name}="([\\d.]+)"`).exec(attributes)?.[1]);
    const width = text.length * letterWidth(attributes);
    const anchor = /text-anchor="(\w+)"/.exec(attributes)?.[1] ?? 'start';
    const left = number('x') - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
    return { left, right: left + width, y: number('y'), text };
  });
}

describe('the chart', () => {
  const svg = drawChart(madeUpResult);

  it('is well-formed XML that opens nothing from elsewhere', () => {
    expect(elementsOf(svg).slice(0, 2)).toEqual(['svg', 'style']);
    expect(svg).not.toMatch(/href|url\(|<script|@import/);
  });

  it('has a mark for each row of the main operations, and for no other', () => {
    const titles = Array.from(svg.matchAll(/<title>([^<]*)<\/title>/g), ([, text]) => text);
    const rows = madeUpResult.operations.filter(isShown);
    expect(titles).toHaveLength(rows.length);
    for (const { peer, members } of rows)
      expect(titles.filter((text) => text?.includes(`${members} members, ${peer}: `))).toHaveLength(
        rows.filter((row) => row.peer === peer && row.members === members).length,
      );
  });

  it('names every library with its version, the floor and the axis', () => {
    for (const text of [
      'canopy 0.1.0 (sodium-native)',
      'ts-mls 1.6.4',
      'ts-mls 2.0.0-rc.10',
      'core-crypto 10.3.0',
      'mls-ts 0.1.0',
    ])
      expect(svg).toContain(`>${text}</text>`);
    expect(svg).toContain('>floor: the primitives that RFC 9420 demands</text>');
    expect(svg).toContain('>10 ms</text>');
  });

  it('does not name a library that has no mark', () => {
    const operations = madeUpResult.operations.filter(({ peer }) => peer !== madeUpPeers[2]);
    const drawn = drawChart({ ...madeUpResult, operations });
    expect(drawn).not.toContain('rc.10');
    // The others keep their marks.
    expect(drawn).toContain('class="mark other-3"');
    expect(drawn).not.toContain('class="mark other-1"');
  });

  it("says Canopy's times and how many times faster it is than the stable ts-mls", () => {
    expect(svg).toContain('>ts-mls 1.6.4 ÷ Canopy</text>');
    expect(svg).toContain('>10.4 ms</text>');
    expect(svg).toContain('>158 ×</text>');
  });

  it('changes when any figure that it shows changes, and only then', () => {
    for (const peer of ['floor (sodium-native)', ...madeUpPeers]) {
      const isOne = (row: OperationRow): boolean => row.peer === peer && isShown(row) && row.name === 'join';
      expect(drawChart(changed(madeUpResult, 1.5, isOne))).not.toBe(svg);
    }
    expect(drawChart(changed(madeUpResult, 1.5, (row) => !isShown(row)))).toBe(svg);
  });

  it('puts the slower further to the right, ten times as far at ten times the time', () => {
    const [at1, at10, at100] = [1, 10, 100].map((factor) =>
      ownJoinAt(changed(madeUpResult, factor, isOwnJoin)),
    );
    expect(at10).toBeGreaterThan(at1 ?? NaN);
    expect((at100 ?? NaN) - (at10 ?? NaN)).toBeCloseTo((at10 ?? NaN) - (at1 ?? NaN), 0);
  });

  it('has rules for light and for dark pages', () => {
    const [light, dark] = svg.split('@media(prefers-color-scheme:dark)');
    expect(light).toContain('.page{fill:#ffffff}');
    expect(dark).toContain('.page{fill:#0d1117}');
    expect(dark).toContain('.canopy{fill:');
  });

  it.each([
    ['as it is', madeUpResult],
    [
      'with names and figures that are long',
      renamed(
        changed(madeUpResult, 100, ({ peer }) => peer === madeUpPeers[1]),
        madeUpPeers[4],
        'a-library-with-a-very-long-name 10.20.30-rc.100',
      ),
    ],
  ])('has no text on another one: %s', (_, result) => {
    const boxes = boxesOf(drawChart(result));
    const pairs = boxes.flatMap((a, i) => boxes.slice(i + 1).map((b) => [a, b] as const));
    const overlaps = pairs.filter(
      ([a, b]) => Math.abs(a.y - b.y) < 12 && a.left < b.right && b.left < a.right,
    );
    expect(overlaps).toEqual([]);
    expect(boxes.filter(({ left, right }) => left < 0 || right > 960)).toEqual([]);
  });

  it('escapes what libraries are called', () => {
    const drawn = drawChart(renamed(madeUpResult, madeUpPeers[4], 'a<b>&"c" 1'));
    expect(elementsOf(drawn)[0]).toBe('svg');
    expect(drawn).toContain('a&lt;b&gt;&amp;&quot;c&quot; 1');
  });

  it('is refused where there is nothing to show', () => {
    const operations = madeUpResult.operations.filter(({ members }) => members === 2);
    expect(() => drawChart({ ...madeUpResult, operations })).toThrow('nothing to draw');
  });
});
