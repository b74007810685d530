/**
 * The marks of the chart: each library has a form and a colour, so that it is known without colours, too.
 *
 * @module
 */

import { element } from './svg.ts';

/** The form and the colours of a library's mark. */
interface Look {
  readonly light: string;
  readonly dark: string;
  draw(x: number, y: number): string;
}

const CANOPY_LOOK: Look = {
  light: '#0a7d3c',
  dark: '#3fd07f',
  draw: (x, y) => element('circle', { cx: x, cy: y, r: 6 }),
};

const otherLooks: readonly Look[] = [
  { light: '#c2410c', dark: '#ff9a5c', draw: (x, y) => polygon(x, y, 'M-5-5h10v10h-10z') },
  { light: '#1f5fbf', dark: '#79b0ff', draw: (x, y) => polygon(x, y, 'M0-6.5L6.5 0L0 6.5L-6.5 0z') },
  { light: '#7c3aad', dark: '#d3a4ff', draw: (x, y) => polygon(x, y, 'M0-6L6 5H-6z') },
  { light: '#8a6100', dark: '#e6c34d', draw: (x, y) => polygon(x, y, 'M0 6L6-5H-6z') },
  { light: '#b0246f', dark: '#ff8fc4', draw: (x, y) => polygon(x, y, 'M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z') },
];

/** Gives the look of the other library with a number; from the sixth on they come again. */
function lookOf(index: number | 'canopy'): Look {
  if (index === 'canopy') return CANOPY_LOOK;
  return otherLooks[index % otherLooks.length] ?? CANOPY_LOOK;
}

/** Draws the mark of Canopy or of the other library with a number. */
export function drawMark(index: number | 'canopy', x: number, y: number): string {
  return element('g', { class: classOf(index) }, lookOf(index).draw(x, y));
}

/** Draws the mark of the floor: a line across. */
export function drawFloor(x: number, y: number): string {
  return element('path', { class: 'floor', d: `M${x.toFixed(1)} ${y - 9}v18` });
}

/** Gives the style rules of the marks, for a light or a dark page. */
export function markRules(theme: 'light' | 'dark'): readonly string[] {
  const indexes = ['canopy' as const, ...otherLooks.keys()];
  return indexes.map((index) => `.${classOf(index)}{fill:${lookOf(index)[theme]}}`);
}

function classOf(index: number | 'canopy'): string {
  return index === 'canopy' ? 'canopy' : `other-${index % otherLooks.length}`;
}

function polygon(x: number, y: number, d: string): string {
  return element('path', { d, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
}
