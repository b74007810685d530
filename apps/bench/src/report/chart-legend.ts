/**
 * The legend of the chart: what each mark means.
 *
 * @module
 */

import { asInstalled, shortName, versionOf } from '../libraries.ts';
import { drawFloor, drawMark } from './chart-marks.ts';
import type { ChartPanel } from './chart-lines.ts';
import type { Figures } from './figures.ts';
import { textElement } from './svg.ts';

/** Where the legend stands. */
export interface LegendPlace {
  readonly top: number;
  readonly width: number;
}

/** The elements of the legend and where it ends. */
export interface Legend {
  readonly elements: readonly string[];
  readonly bottom: number;
}

interface Entry {
  readonly text: string;
  readonly draw: (x: number, y: number) => string;
}

const LEFT = 18;
const LINE_HEIGHT = 24;
/** Wider than letters are on average: fonts differ between machines. */
const LETTER_WIDTH = 8;

/** Draws what the marks mean, on as many lines as it takes. */
export function drawLegend(
  panels: readonly ChartPanel[],
  figures: Figures,
  { top, width }: LegendPlace,
): Legend {
  let x = LEFT;
  let y = top + LINE_HEIGHT / 2;
  const elements = entriesOf(panels, figures).flatMap(({ text, draw }) => {
    const space = 36 + text.length * LETTER_WIDTH;
    if (x + space > width) [x, y] = [LEFT, y + LINE_HEIGHT];
    const drawn = [draw(x + 8, y), textElement('text', { x: x + 22, y: y + 4.5 }, text)];
    x += space;
    return drawn;
  });
  return { elements, bottom: y + LINE_HEIGHT };
}

function entriesOf(panels: readonly ChartPanel[], { canopies, others }: Figures): readonly Entry[] {
  const lines = panels.flatMap((panel) => panel.lines);
  const canopy = asInstalled(canopies.map((peer) => ({ peer })))?.peer;
  const shown = new Set(lines.flatMap((line) => line.others.map(({ peer }) => peer)));
  return [
    { text: 'floor: the primitives that RFC 9420 demands', draw: drawFloor },
    ...(canopy === undefined ? [] : [entryOf(canopy, 'canopy')]),
    // The number of a library among all decides its mark.
    ...others.map(entryOf).filter((_, i) => shown.has(others[i] ?? '')),
  ];
}

function entryOf(peer: string, index: number | 'canopy'): Entry {
  return {
    text: `${shortName(peer)} ${versionOf(peer)}`,
    draw: (x, y) => drawMark(index, x, y),
  };
}
