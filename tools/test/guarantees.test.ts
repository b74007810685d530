/**
 * docs/operations/guarantees.md names tests that exist.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/operations/guarantees.md'), 'utf8').split('\n');

/** A row of a table: a promise, and what shows it. */
interface Guarantee {
  readonly promise: string;
  readonly shownBy: string;
}

const ROW = /^\| (?<promise>[^|]+?) +\| (?<shownBy>[^|]+?) +\|$/u;
/** The two lines above the rows of each table. */
const HEAD = /^\| (?:Promise|-+) +\|/u;

function guarantees(): readonly Guarantee[] {
  return page.flatMap((line) => {
    const { promise, shownBy } = HEAD.test(line) ? {} : (ROW.exec(line)?.groups ?? {});
    return promise === undefined || shownBy === undefined ? [] : [{ promise, shownBy }];
  });
}

/** Gives what is wrong with one reference, `path` › title. */
function faultOf(reference: string): string | undefined {
  const { path, title } = /^`(?<path>[^`]+)` › (?<title>.{12,})$/u.exec(reference)?.groups ?? {};
  if (path === undefined || title === undefined) return `${reference}: not of the form \`path\` › title`;
  if (!existsSync(join(root, path))) return `${path}: no such file`;
  // A title in quotes may have its own quotes escaped.
  const text = readFileSync(join(root, path), 'utf8').replaceAll(String.raw`\'`, "'");
  const says = text.split('\n').some((line) => isTitle(line, title));
  return says ? undefined : `${path}: no test says “${title}”`;
}

/** Whether a line has it in quotes, not in a comment. */
function isTitle(line: string, title: string): boolean {
  const before = line.slice(0, Math.max(0, line.indexOf(title)));
  return line.includes(title) && /['"`]/u.test(before) && !/^\s*(?:\/\/|\/?\*)/u.test(line);
}

function faultsOf({ promise, shownBy }: Guarantee): readonly string[] {
  if (/^not done: .{10,}/u.test(shownBy)) return [];
  return shownBy.split('; ').flatMap((reference) => {
    const fault = faultOf(reference);
    return fault === undefined ? [] : [`${promise}: ${fault}`];
  });
}

describe('the page of guarantees', () => {
  it('has promises, each in a row that can be read', () => {
    const rows = page.filter((line) => line.startsWith('|') && !HEAD.test(line));
    expect(guarantees()).toHaveLength(rows.length);
    expect(rows.length).toBeGreaterThan(100);
  });

  it('names a test that exists for each of them, or says that it is not done', () => {
    expect(guarantees().flatMap(faultsOf)).toEqual([]);
  });
});
