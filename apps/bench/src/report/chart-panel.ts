/**
 * A panel of the chart: the lines of one number of members.
 *
 * @module
 */

import type { OperationRow } from '../operations.ts';
import type { LogAxis } from './chart-axis.ts';
import type { ChartLine, ChartPanel } from './chart-lines.ts';
import { drawFloor, drawMark } from './chart-marks.ts';
import type { Figures } from './figures.ts';
import { labelOf } from './names.ts';
import { element, textElement } from './svg.ts';
import { formatRatio, formatTime } from './units.ts';

/** Where a panel stands. */
export interface PanelPlace {
  readonly axis: LogAxis;
  readonly top: number;
  readonly figures: Figures;
}

/** Where the marks begin and end; texts stand on both sides. */
export const PLOT_LEFT = 215;
export const PLOT_RIGHT = 700;

const TIME_RIGHT = 778;
const RATIO_RIGHT = 942;
const LINE_HEIGHT = 27;
const HEAD_HEIGHT = 40;
const FOOT_HEIGHT = 40;

/** Gives the height of a panel. */
export function heightOf({ lines }: ChartPanel): number {
  return HEAD_HEIGHT + lines.length * LINE_HEIGHT + FOOT_HEIGHT;
}

/** Gives all times of a panel. */
export function timesOf({ lines }: ChartPanel): readonly number[] {
  return lines.flatMap((line) => rowsOf(line).map(({ microseconds }) => microseconds));
}

/** Draws a panel: head, axis, lines. */
export function drawPanel(panel: ChartPanel, place: PanelPlace): readonly string[] {
  const first = place.top + HEAD_HEIGHT + LINE_HEIGHT / 2;
  return [
    ...drawHead(panel, place),
    ...drawAxis(panel, place),
    ...panel.lines.flatMap((line, i) => drawLine(line, first + i * LINE_HEIGHT, place)),
  ];
}

function drawHead({ members }: ChartPanel, { top, figures }: PanelPlace): readonly string[] {
  const y = top + 26;
  const right = { class: 'soft', y, 'text-anchor': 'end' };
  return [
    textElement('text', { class: 'strong', x: 18, y }, `${members} members`),
    textElement('text', { ...right, x: TIME_RIGHT }, 'Canopy'),
    textElement('text', { ...right, x: RATIO_RIGHT }, figures.stable ? `${figures.stable} ÷ Canopy` : ''),
  ];
}

function drawAxis({ lines }: ChartPanel, { axis, top }: PanelPlace): readonly string[] {
  const start = top + HEAD_HEIGHT;
  const end = start + lines.length * LINE_HEIGHT;
  return axis.ticks().flatMap((tick) => {
    const x = axis.at(tick);
    const label = { class: 'soft', x, y: end + 17, 'text-anchor': 'middle' };
    return [
      element('line', { class: 'grid', x1: x, x2: x, y1: start, y2: end }),
      textElement('text', label, formatTick(tick)),
    ];
  });
}

function drawLine(line: ChartLine, y: number, { axis, figures }: PanelPlace): readonly string[] {
  const { canopy, floor } = line;
  const ratio = canopy?.ratio;
  const at = (row: OperationRow): number => axis.at(row.microseconds);
  const spots = rowsOf(line).map(at);
  const right = { y: y + 4.5, 'text-anchor': 'end' };
  return [
    textElement('text', { x: PLOT_LEFT - 14, ...right }, labelOf(line.name)),
    element('line', { class: 'grid', x1: Math.min(...spots), x2: Math.max(...spots), y1: y, y2: y }),
    ...(floor === undefined ? [] : [titled(floor, drawFloor(at(floor), y))]),
    ...line.others.map((row) => titled(row, drawMark(figures.others.indexOf(row.peer), at(row), y))),
    ...(canopy === undefined ? [] : [titled(canopy, drawMark('canopy', at(canopy), y))]),
    textElement('text', { x: TIME_RIGHT, ...right }, canopy ? formatTime(canopy.microseconds) : ''),
    textElement('text', { x: RATIO_RIGHT, ...right }, ratio === undefined ? '' : formatRatio(ratio)),
  ];
}

/** Gives a mark its row in words; browsers show it to who points at the mark. */
function titled({ name, members, peer, microseconds }: OperationRow, mark: string): string {
  const words = `${labelOf(name)}, ${members} members, ${peer}: ${formatTime(microseconds)}`;
  return element('g', {}, textElement('title', {}, words), mark);
}

function rowsOf({ floor, canopy, others }: ChartLine): readonly OperationRow[] {
  return [floor, canopy, ...others].filter((row) => row !== undefined);
}

/** Gives a power of ten with its unit, without digits after the point. */
function formatTick(microseconds: number): string {
  if (microseconds < 1000) return `${microseconds} µs`;
  return microseconds < 1_000_000 ? `${microseconds / 1000} ms` : `${microseconds / 1_000_000} s`;
}
