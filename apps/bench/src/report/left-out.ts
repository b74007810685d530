/**
 * What was left out and why, without saying the same thing twice.
 *
 * @module
 */

import type { LeftOut } from '../operations.ts';
import { labelOf } from './names.ts';

/** What was left out of a library for the same reason. */
interface Gap {
  readonly peer: string;
  readonly reason: string;
  readonly what: readonly string[];
  readonly members: readonly number[];
  readonly suites: readonly number[];
}

/** Gives a line for each library and reason with what was left out for it. */
export function leftOutLines(leftOut: readonly LeftOut[]): readonly string[] {
  const bySizes = merge(leftOut.map(gapOf), 'members');
  const bySuites = merge(bySizes, 'suites');
  return merge(bySuites, 'what').map(describe);
}

function gapOf({ peer, reason, name, tree, members, suite }: LeftOut): Gap {
  const what = tree === undefined ? labelOf(name) : `${labelOf(name)} (${tree} tree)`;
  return { peer, reason, what: [what], members: [members], suites: [suite] };
}

/** Makes one of those that differ in one part only. */
function merge(gaps: readonly Gap[], part: 'members' | 'suites' | 'what'): readonly Gap[] {
  const merged = new Map<string, Gap>();
  for (const gap of gaps) {
    const key = JSON.stringify({ ...gap, [part]: undefined });
    const values = [...(merged.get(key)?.[part] ?? []), ...gap[part]];
    merged.set(key, { ...gap, [part]: [...new Set<string | number>(values)] });
  }
  return [...merged.values()];
}

function describe({ peer, reason, what, members, suites }: Gap): string {
  const where = `suite ${listed(suites)}; ${listed(members)} members`;
  return `${peer}: ${what.join(', ')} (${where}): ${reason}`;
}

function listed(values: readonly number[]): string {
  const texts = values.toSorted((a, b) => a - b).map((value) => `${value}`);
  return new Intl.ListFormat('en-GB').format(texts);
}
