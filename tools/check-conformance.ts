/**
 * Checks that every requirement of RFC 9420 has a source and a test, and that the page about it is up to date:
 * `node tools/check-conformance.ts [--write]`. It reads what the last `npm test` left; it runs no test itself.
 *
 * @module
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { renderPage } from './conformance-page.ts';
import type { ChapterOfRows, Row } from './conformance-page.ts';
import { readRequirements } from './conformance-requirements.ts';
import { readMentions } from './conformance-sources.ts';
import { readTestRun } from './conformance-tests.ts';
import type { TestRun } from './conformance-tests.ts';

/** What a check found. */
export type ConformanceReport = {
  readonly faults: readonly string[];
  /** The page as it should be; undefined where the tests that it is made from did not all run and pass. */
  readonly page: string | undefined;
  readonly requirements: number;
  readonly tested: number;
};

const PAGE = 'docs/conformance.md';

/** Checks the requirements under a root; whether the page is up to date is asked by `checkPage`. */
export function checkConformance(root: string): ConformanceReport {
  const { chapters, faults } = readRequirements(root);
  const run = readTestRun(root);
  const mentions = readMentions(root);
  const chaptersOfRows = chapters.map(({ requirements, ...chapter }): ChapterOfRows => {
    const rows = requirements.map((one): Row => {
      const sources = new Set([
        ...(one.source === undefined ? [] : [one.source]),
        ...(mentions.get(one.id) ?? []),
      ]);
      return { ...one, sources: [...sources], tests: run.byId.get(one.id)?.files ?? [] };
    });
    return { ...chapter, rows };
  });
  const rows = chaptersOfRows.flatMap((chapter) => chapter.rows);
  const known = new Set(rows.map(({ id }) => id));
  return {
    faults: [
      ...run.stale,
      ...faults,
      ...run.faults,
      ...checkKnown(run, mentions, known),
      ...(run.stale.length > 0 ? [] : rows.flatMap((row) => checkRow(row, run))),
    ],
    page: run.stale.length > 0 ? undefined : renderPage(chaptersOfRows),
    requirements: rows.length,
    tested: rows.filter(({ tests }) => tests.length > 0).length,
  };
}

/** Says whether the page on the disk is another one than it should be. */
export function checkPage(root: string, page: string): readonly string[] {
  const file = join(root, PAGE);
  if (existsSync(file) && readFileSync(file, 'utf8') === page) return [];
  return [`${PAGE}: is out of date; run npm run conformance:write`];
}

function checkKnown(
  { byId }: TestRun,
  mentions: ReadonlyMap<string, readonly string[]>,
  known: ReadonlySet<string>,
): readonly string[] {
  const named = [
    ...Array.from(byId, ([id, { files }]) => ({ id, files })),
    ...Array.from(mentions, ([id, files]) => ({ id, files })),
  ];
  return named
    .filter(({ id }) => !known.has(id))
    .flatMap(({ id, files }) => files.map((file) => `${file}: names ${id}, which is no requirement`));
}

function checkRow({ id, level, sources, tests, untested }: Row, { byId }: TestRun): readonly string[] {
  const isTested = tests.length > 0;
  return [
    ...(sources.length === 0 ? [`${id}: no source file names it, and it has no source`] : []),
    ...(isTested || untested !== undefined ? [] : [`${id}: a ${level} without a test, and no reason why`]),
    ...(isTested && untested !== undefined ? [`${id}: has a test, and a reason why it has none`] : []),
    ...(level === 'MUST' && isTested && byId.get(id)?.passed !== true
      ? [`${id}: a MUST all of whose tests were skipped`]
      : []),
  ];
}

function report(root: string, isWriting: boolean): void {
  const { faults, page, requirements, tested } = checkConformance(root);
  if (isWriting && page !== undefined) writeFileSync(join(root, PAGE), page);
  const all = page === undefined ? faults : [...faults, ...checkPage(root, page)];
  for (const fault of all) console.log(fault);
  console.log(`conformance: ${requirements} requirements, ${tested} with tests, ${all.length} faults`);
  process.exitCode = all.length > 0 ? 1 : 0;
}

if (import.meta.main) report(process.cwd(), process.argv.includes('--write'));
