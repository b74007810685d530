/**
 * What the tests of the last run say about requirements: `conformance-reporter.cjs` kept it beside Jest's own cache.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { findClaimedIds } from './conformance-ids.ts';
import { listFiles } from './room-files.ts';

/** The tests of one requirement. */
export type TestsOfRequirement = {
  /** The test files with tests of it, skipped ones included, as paths from the root. */
  readonly files: readonly string[];
  /** Whether at least one test of it passed on this machine. */
  readonly passed: boolean;
};

/** The tests of all requirements. */
export type TestRun = {
  readonly byId: ReadonlyMap<string, TestsOfRequirement>;
  /** Why the records do not tell what the tests of today say: the page is not to be made from them. */
  readonly stale: readonly string[];
  readonly faults: readonly string[];
};

type TestRecord = {
  readonly sha256: string;
  readonly failed: number;
  readonly skipped: number;
  readonly passed: readonly string[];
};

/** What one test file says. */
type FileClaims = {
  readonly path: string;
  readonly passed: ReadonlySet<string>;
  readonly skipped: ReadonlySet<string>;
  readonly stale: readonly string[];
  readonly faults: readonly string[];
};

const RECORDS = 'node_modules/.cache/canopy/tests';

/** Reads what the last run of each test file left. */
export function readTestRun(root: string): TestRun {
  const paths = ['apps', 'libs', 'tools']
    .flatMap((folder) => listFiles(root, folder, '.test.ts'))
    .filter((path) => path.includes('/test/'));
  const files = paths.map((path) => readClaims(root, path));
  return {
    byId: groupById(files),
    stale: files.flatMap(({ stale }) => stale),
    faults: files.flatMap(({ faults }) => faults),
  };
}

function readClaims(root: string, path: string): FileClaims {
  const nothing = { path, passed: new Set<string>(), skipped: new Set<string>(), stale: [], faults: [] };
  const text = readFileSync(join(root, path), 'utf8');
  const record = readRecord(join(root, RECORDS, `${path}.json`));
  if (record === undefined) return { ...nothing, stale: [`${path}: has not run yet; run npm test`] };
  if (record.sha256 !== createHash('sha256').update(text).digest('hex')) {
    return { ...nothing, stale: [`${path}: has changed since it ran; run npm test`] };
  }
  const { ids, unreadable } = findClaimedIds(record.passed.join('\n'));
  return {
    ...nothing,
    passed: new Set(ids),
    // A skipped test may have no title yet, like those of missing vectors: what the file's text claims is taken.
    skipped: new Set(record.skipped > 0 ? findClaimedIds(text).ids : []),
    stale: record.failed > 0 ? [`${path}: ${record.failed} of its tests failed`] : [],
    faults: unreadable.map((bracket) => `${path}: ${bracket} in a title is no id, and no list of ids`),
  };
}

function readRecord(file: string): TestRecord | undefined {
  if (!existsSync(file)) return undefined;
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is TestRecord {
  if (typeof value !== 'object' || value === null) return false;
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
  const { sha256, failed, skipped, passed } = Object.fromEntries(entries);
  return (
    typeof sha256 === 'string' &&
    typeof failed === 'number' &&
    typeof skipped === 'number' &&
    Array.isArray(passed) &&
    passed.every((title: unknown) => typeof title === 'string')
  );
}

function groupById(claims: readonly FileClaims[]): ReadonlyMap<string, TestsOfRequirement> {
  const byId = new Map<string, TestsOfRequirement>();
  for (const { path, passed, skipped } of claims) {
    for (const id of new Set([...passed, ...skipped])) {
      const known = byId.get(id);
      byId.set(id, {
        files: [...(known?.files ?? []), path],
        passed: (known?.passed ?? false) || passed.has(id),
      });
    }
  }
  return byId;
}
