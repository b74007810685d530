import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import {
  describeVectors,
  findVectorFile,
  loadVectors,
  VECTOR_NAMES,
  vectorFolders,
  vectorsAvailable,
} from '../src/index.ts';

import { readSums } from '../src/vector-names.ts';

let folder: string;
const named = process.env['CANOPY_VECTORS'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'canopy-vectors-'));
  process.env['CANOPY_VECTORS'] = folder;
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  if (named === undefined) delete process.env['CANOPY_VECTORS'];
  else process.env['CANOPY_VECTORS'] = named;
});

describe('the place of the vectors', () => {
  it('is first of all the folder that CANOPY_VECTORS names', () => {
    expect(vectorFolders()[0]).toBe(folder);
    writeFileSync(join(folder, 'tree-math.json'), '[]');
    expect(findVectorFile('tree-math')).toBe(join(folder, 'tree-math.json'));
  });

  it('has a sum for each of the files, and for no other', () => {
    const files = VECTOR_NAMES.map((name) => `${name}.json`);
    expect([...readSums().keys()].toSorted()).toEqual(files.toSorted());
    for (const sum of readSums().values()) expect(sum).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('loadVectors', () => {
  it('refuses a file that is not the official one', () => {
    writeFileSync(join(folder, 'tree-math.json'), '[]');
    expect(() => loadVectors('tree-math')).toThrow(
      expect.objectContaining({ name: 'VectorError', code: 'WRONG_SUM' }),
    );
  });
});

describe('describeVectors', () => {
  const titles: string[] = [];
  const skipped: string[] = [];
  const framework = {
    describe: (title: string, body: () => void): void => {
      titles.push(title);
      body();
    },
    it: { skip: (title: string): void => void skipped.push(title) },
  };

  beforeEach(() => {
    titles.length = 0;
    skipped.length = 0;
  });

  it('does not hide a wrong file behind a skipped test', () => {
    writeFileSync(join(folder, 'welcome.json'), '[]');
    expect(() => describeVectors('welcome', framework, () => {})).toThrow('welcome.json has the SHA-256 sum');
    expect(skipped).toEqual([]);
  });

  it('passes on every case, or skips one test that names the file', () => {
    let cases = 0;
    const found = findVectorFile('deserialization');
    if (found !== undefined) copyFileSync(found, join(folder, 'deserialization.json'));
    describeVectors('deserialization', framework, (all) => {
      cases = all.length;
    });
    expect(titles).toEqual(['official vectors deserialization.json']);
    expect({ cases, skipped: skipped.length }).toEqual(
      found === undefined ? { cases: 0, skipped: 1 } : { cases: 14, skipped: 0 },
    );
    for (const title of skipped) expect(title).toContain('deserialization.json is missing');
  });
});

describe('vectorsAvailable', () => {
  it('is true only if every file is there', () => {
    expect(vectorsAvailable()).toBe(VECTOR_NAMES.every((name) => findVectorFile(name) !== undefined));
  });
});
