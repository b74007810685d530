/**
 * The chart: how long the main operations take with each library, on a logarithmic axis.
 *
 * @module
 */

import type { BenchmarkResult } from '../operations.ts';
import { LogAxis } from './chart-axis.ts';
import { drawLegend } from './chart-legend.ts';
import { CHART_SUITE, chartPanels } from './chart-lines.ts';
import { markRules } from './chart-marks.ts';
import { drawPanel, heightOf, PLOT_LEFT, PLOT_RIGHT, timesOf } from './chart-panel.ts';
import { Figures } from './figures.ts';
import { element, textElement } from './svg.ts';

const WIDTH = 960;
const TITLE = 'Time of MLS operations by library';
const TITLE_HEIGHT = 62;

/** Colours of the page, of text, of less important text and of lines. */
const themes = {
  light: ['#ffffff', '#1f2328', '#59636e', '#d8dee4'],
  dark: ['#0d1117', '#f0f6fc', '#9aa4b0', '#30363d'],
} as const;

const fonts =
  'text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif}.soft{font-size:12px}' +
  '.title{font-size:18px;font-weight:600}.strong{font-weight:600}';
const strokes = '.grid{stroke-width:1}.floor{stroke-width:2.5}';

/** Draws the chart as an SVG. @throws RangeError when the result has nothing that it shows */
export function drawChart(result: BenchmarkResult): string {
  const panels = chartPanels(result);
  if (panels.length === 0)
    throw new RangeError(`the chart shows suite ${CHART_SUITE} with 100 or 1000 members: nothing to draw`);
  const figures = new Figures(result);
  const axis = new LogAxis(panels.flatMap(timesOf), PLOT_LEFT, PLOT_RIGHT);
  const legend = drawLegend(panels, figures, { top: TITLE_HEIGHT, width: WIDTH });
  let top = legend.bottom;
  const drawn = panels.flatMap((panel) => {
    const elements = drawPanel(panel, { axis, top, figures });
    top += heightOf(panel);
    return elements;
  });
  return wrap(top, [...drawTitle(result), ...legend.elements, ...drawn]);
}

function wrap(height: number, elements: readonly string[]): string {
  const inside = [
    element('style', {}, styleRules()),
    element('rect', { class: 'page', width: WIDTH, height }),
    ...elements,
  ];
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` };
  const svg = { xmlns: 'http://www.w3.org/2000/svg', ...size, role: 'img', 'aria-label': TITLE };
  return `${element('svg', svg, '\n', inside.join('\n'), '\n')}\n`;
}

function styleRules(): string {
  return `${fonts}${strokes}${colours('light')}@media(prefers-color-scheme:dark){${colours('dark')}}`;
}

function colours(theme: 'light' | 'dark'): string {
  const [page, text, soft, line] = themes[theme];
  return [
    `.page{fill:${page}}text{fill:${text}}.soft{fill:${soft}}`,
    `.grid{stroke:${line}}.floor{stroke:${text}}`,
    ...markRules(theme),
  ].join('');
}

function drawTitle({ machine }: BenchmarkResult): readonly string[] {
  const under = [
    `Suite ${CHART_SUITE}, every member has committed (create group: nobody yet).`,
    'Medians; logarithmic, further left is faster.',
    `Node ${machine.node}, ${machine.date.slice(0, 10)}.`,
  ].join(' ');
  return [
    textElement('text', { class: 'title', x: 18, y: 30 }, TITLE),
    textElement('text', { class: 'soft', x: 18, y: 51 }, under),
  ];
}
