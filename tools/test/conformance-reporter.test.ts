/**
 * The reporter keeps what a run says about requirements, and nothing of a run that left tests out.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';

const Reporter: new (config: { rootDir: string; testNamePattern?: string }) => {
  onTestFileStart(test: { path: string }): void;
  onTestFileResult(test: { path: string }, result: object): void;
} = createRequire(import.meta.url)('../conformance-reporter.cjs');

const rootDir = mkdtempSync(join(tmpdir(), 'canopy-reporter-'));
const path = join(rootDir, 'libs/mls/test/a.test.ts');
const record = join(rootDir, 'node_modules/.cache/canopy/tests/libs/mls/test/a.test.ts.json');
const text = '// what ran';

const result = {
  numFailingTests: 1,
  numPendingTests: 1,
  testResults: [
    { status: 'passed', fullName: 'a tree refuses a hole [R7.1-01]' },
    { status: 'passed', fullName: 'a tree is printed' },
    { status: 'failed', fullName: 'a tree is one [R7.1-02]' },
    { status: 'pending', fullName: 'a tree is none [R7.1-03]' },
  ],
};

beforeEach(() => {
  rmSync(rootDir, { recursive: true, force: true });
  mkdirSync(join(rootDir, 'libs/mls/test'), { recursive: true });
  writeFileSync(path, text);
});

afterAll(() => {
  rmSync(rootDir, { recursive: true, force: true });
});

function run(options: { testNamePattern?: string } = {}, changes: object = {}): void {
  const reporter = new Reporter({ rootDir, ...options });
  reporter.onTestFileStart({ path });
  writeFileSync(path, '// written while the tests ran');
  reporter.onTestFileResult({ path }, { ...result, ...changes });
}

const kept = (): unknown => JSON.parse(readFileSync(record, 'utf8'));

describe('the reporter', () => {
  it('keeps the passed titles that name a requirement, and the text that ran', () => {
    run();
    expect(kept()).toEqual({
      sha256: createHash('sha256').update(text).digest('hex'),
      failed: 1,
      skipped: 1,
      passed: ['a tree refuses a hole [R7.1-01]'],
    });
  });

  it('counts a file that could not run as a failure', () => {
    run({}, { testExecError: new Error('syntax'), numFailingTests: 0, testResults: [] });
    expect(kept()).toMatchObject({ failed: 1, passed: [] });
  });

  it('replaces what an earlier run kept', () => {
    run();
    writeFileSync(path, text);
    run({}, { testResults: [] });
    expect(kept()).toMatchObject({ passed: [] });
  });

  it('keeps nothing of a run of single tests', () => {
    run({ testNamePattern: 'hole' });
    expect(existsSync(record)).toBe(false);
  });
});
