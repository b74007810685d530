/**
 * Each kind of fault is planted in a small house of its own and must be found.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { checkConformance, checkPage } from '../check-conformance.ts';
import type { ConformanceReport } from '../check-conformance.ts';
import { findClaimedIds, findMentionedIds } from '../conformance-ids.ts';

type Tree = Readonly<Record<string, string>>;

const SOURCE = 'libs/codec/src/varint.ts';
const TESTS = 'libs/codec/test/varint.test.ts';
const RECORD = `node_modules/.cache/canopy/tests/${TESTS}.json`;
const LIST = 'tools/requirements/02-presentation-language.json';

const must = { id: 'R2.1.2-01', level: 'MUST', text: 'The shortest form is written.', source: SOURCE };
const derived = { id: 'R2.1.2-02', level: 'DERIVED', text: 'A length counts bytes.' };
const listOf = (...requirements: readonly object[]): Tree => ({ [LIST]: JSON.stringify(requirements) });

const testText = "it('writes the shortest form [R2.1.2-01]');\nit('counts bytes [R2.1.2-02]');\n";

/** What the reporter leaves of the test file. */
const ranAs = (changes: object = {}, text = testText): Tree => ({
  [TESTS]: text,
  [RECORD]: JSON.stringify({
    sha256: createHash('sha256').update(text).digest('hex'),
    failed: 0,
    skipped: 0,
    passed: ['varint writes the shortest form [R2.1.2-01]', 'varint counts bytes [R2.1.2-02]'],
    ...changes,
  }),
});

const sound: Tree = {
  ...listOf(must, derived),
  [SOURCE]: "refuse('TOO_LONG', 'R2.1.2-02');\n",
  ...ranAs(),
};

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function build(changes: Tree): string {
  const root = mkdtempSync(join(tmpdir(), 'canopy-conformance-'));
  folders.push(root);
  for (const [path, text] of Object.entries({ ...sound, ...changes })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const reportOf = (changes: Tree): ConformanceReport => checkConformance(build(changes));
const faultsOf = (changes: Tree): readonly string[] => reportOf(changes).faults;
const pageOf = (changes: Tree): string => reportOf(changes).page ?? '';

describe('a sound list', () => {
  it('has no fault', () => {
    expect(reportOf({})).toMatchObject({ faults: [], requirements: 2, tested: 2 });
  });

  it('becomes a page with the source and the tests of each requirement', () => {
    const page = pageOf({});
    const source = '[codec/varint.ts](../libs/codec/src/varint.ts)';
    const tests = '[codec/varint.test.ts](../libs/codec/test/varint.test.ts)';
    expect(page).toContain('## 2 Presentation language\n');
    expect(page).toContain(
      `| R2.1.2-01 | 2.1.2 | MUST | The shortest form is written. | ${source} | ${tests} |`,
    );
    expect(page).toContain(`| R2.1.2-02 | 2.1.2 | DERIVED | A length counts bytes. | ${source} | ${tests} |`);
    expect(page).toContain('| MUST | 1 | 1 | 0 |');
    expect(page).toContain('| All | 2 | 2 | 0 |');
    expect(page).toContain('## Without a test\n\nNone.\n');
  });

  it('may name the reason why there is no test', () => {
    const changes = {
      ...listOf(must, { ...derived, untested: 'a note | about design' }),
      ...ranAs({ passed: ['[R2.1.2-01]'] }),
    };
    expect(faultsOf(changes)).toEqual([]);
    expect(pageOf(changes)).toContain(
      '| R2.1.2-02 | DERIVED | A length counts bytes. | a note \\| about design |',
    );
  });

  it('may have the reason for a MUST too', () => {
    const changes = {
      ...listOf({ ...must, untested: 'a design rule' }, derived),
      ...ranAs({ passed: ['[R2.1.2-02]'] }),
    };
    expect(faultsOf(changes)).toEqual([]);
  });
});

describe('a requirement', () => {
  it.each([must, derived])('needs a test or a reason: $level', (requirement) => {
    const other = requirement === must ? derived : must;
    expect(faultsOf(ranAs({ passed: [`[${other.id}]`] }))).toEqual([
      `${requirement.id}: a ${requirement.level} without a test, and no reason why`,
    ]);
  });

  it('has a test or a reason, not both', () => {
    expect(faultsOf(listOf(must, { ...derived, untested: 'none' }))).toEqual([
      'R2.1.2-02: has a test, and a reason why it has none',
    ]);
  });

  it('needs a source', () => {
    expect(faultsOf({ [SOURCE]: '' })).toEqual(['R2.1.2-02: no source file names it, and it has no source']);
  });

  it('needs a source that exists', () => {
    expect(faultsOf(listOf({ ...must, source: 'libs/codec/src/gone.ts' }, derived))).toEqual([
      'R2.1.2-01: its source libs/codec/src/gone.ts does not exist',
    ]);
  });
});

describe('the list', () => {
  it('is not empty', () => {
    expect(faultsOf(listOf())).toContain(`${TESTS}: names R2.1.2-01, which is no requirement`);
  });

  it('holds an id once, in order, without a gap', () => {
    expect(faultsOf(listOf(must, derived, derived))).toEqual([
      'R2.1.2-02: number 3 of section 2.1.2 expected in its place',
      'R2.1.2-02: is in tools/requirements twice',
    ]);
    expect(faultsOf({ ...listOf(derived), ...ranAs({ passed: ['[R2.1.2-02]'] }) })).toEqual([
      'R2.1.2-02: number 1 of section 2.1.2 expected in its place',
    ]);
  });

  it('may be cut into files with a letter behind the number of their chapter', () => {
    const other = { id: 'R2.2-01', level: 'MAY', text: 'A length.', source: SOURCE, untested: 'no length' };
    const changes = { 'tools/requirements/02b-lengths.json': JSON.stringify([other]) };
    expect(reportOf(changes)).toMatchObject({ faults: [], requirements: 3 });
    expect(pageOf(changes)).toContain('## 2 Lengths\n');
  });

  it('holds an id in the file of its chapter', () => {
    const other = { id: 'R4.1-01', level: 'MAY', text: 'A tree.', source: SOURCE, untested: 'no tree' };
    expect(faultsOf(listOf(must, derived, other))).toEqual([`R4.1-01: does not belong into ${LIST}`]);
  });

  it.each([
    ['a level that does not exist', { ...derived, level: 'M' }],
    ['an id that is none', { ...derived, id: 'R2-1' }],
    ['no text', { ...derived, text: ' ' }],
    ['a field that nobody reads', { ...derived, sources: 'x' }],
    ['a source that is no text', { ...derived, source: [SOURCE] }],
  ])('refuses %s', (_, entry) => {
    expect(faultsOf(listOf(must, entry))).toContain(`${LIST}: not a requirement: ${JSON.stringify(entry)}`);
  });

  it('is JSON', () => {
    expect(faultsOf({ [LIST]: '{' })).toContain(`${LIST}: is no JSON array`);
  });
});

describe('a name of a requirement', () => {
  it('in a title is one of the list', () => {
    expect(faultsOf(ranAs({ passed: ['[R2.1.2-01, R2.1.2-02] [R9.9-99]'] }))).toEqual([
      `${TESTS}: names R9.9-99, which is no requirement`,
    ]);
  });

  it('in a source is one of the list', () => {
    expect(faultsOf({ [SOURCE]: '// R2.1.2-02, R9.9-99' })).toEqual([
      `${SOURCE}: names R9.9-99, which is no requirement`,
    ]);
  });

  it('in a title is readable', () => {
    expect(faultsOf(ranAs({ passed: ['[R2.1.2-01] [R2.1.2-02] [R2.1.2-02; R2.1.2-01]'] }))).toEqual([
      `${TESTS}: [R2.1.2-02; R2.1.2-01] in a title is no id, and no list of ids`,
    ]);
  });
});

describe('a test that was skipped', () => {
  const skipped = ranAs({ skipped: 1, passed: ['[R2.1.2-01]'] });

  it('stands on the page like one that passed, so that missing vectors do not change it', () => {
    expect(faultsOf(skipped)).toEqual([]);
    expect(pageOf(skipped)).toBe(pageOf({}));
  });

  it('is not enough for a MUST', () => {
    expect(faultsOf(ranAs({ skipped: 2, passed: [] }))).toEqual([
      'R2.1.2-01: a MUST all of whose tests were skipped',
    ]);
  });
});

describe('the page', () => {
  it('is not made from tests that never ran', () => {
    const report = reportOf({ [RECORD]: '{}' });
    expect(report).toMatchObject({
      page: undefined,
      faults: [`${TESTS}: has not run yet; run npm test`],
    });
  });

  it('is not made from tests that were changed since they ran', () => {
    const report = reportOf({ [TESTS]: `${testText}// changed` });
    expect(report).toMatchObject({
      page: undefined,
      faults: [`${TESTS}: has changed since it ran; run npm test`],
    });
  });

  it('is not made from tests that failed', () => {
    expect(reportOf(ranAs({ failed: 2 }))).toMatchObject({
      page: undefined,
      faults: [`${TESTS}: 2 of its tests failed`],
    });
  });

  it('has to be the one on the disk', () => {
    const root = build({ 'docs/conformance.md': '# Conformance\n' });
    const page = checkConformance(root).page ?? '';
    const outOfDate = ['docs/conformance.md: is out of date; run npm run conformance:write'];
    expect(checkPage(build({}), page)).toEqual(outOfDate);
    expect(checkPage(root, page)).toEqual(outOfDate);
    writeFileSync(join(root, 'docs/conformance.md'), page);
    expect(checkPage(root, page)).toEqual([]);
  });
});

describe('ids', () => {
  it('are claimed in brackets only', () => {
    const title = 'R5.1-01 derives keys [R7.4-01, R12.4.3.1-16] [R6-02] (see R8-01, [RFC 9420])';
    expect(findClaimedIds(title)).toEqual({ ids: ['R7.4-01', 'R12.4.3.1-16', 'R6-02'], unreadable: [] });
  });

  it('are not guessed', () => {
    for (const title of ['[R7.3]', '[R7.3-11 to R7.3-14]', '[R7.3-11,R7.3-12]', '[R7.3-11', '[R7.3-1]']) {
      expect(findClaimedIds(title)).toEqual({ ids: [], unreadable: [title] });
    }
  });

  it('are mentioned anywhere in a source', () => {
    expect(findMentionedIds('// R7.3-11 to R7.3-14, R6-02; R7.3; XR1-01')).toEqual([
      'R7.3-11',
      'R7.3-14',
      'R6-02',
    ]);
  });
});
