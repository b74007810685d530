import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  it('is nowhere but in the folder that CANOPY_VECTORS names', () => {
    expect(vectorFolders()).toEqual([folder]);
    expect(findVectorFile('tree-math')).toBeUndefined();
    expect(vectorsAvailable()).toBe(false);
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
  it('refuses a file that is missing', () => {
    expect(() => loadVectors('tree-math')).toThrow(expect.objectContaining({ code: 'MISSING' }));
  });

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

  it('skips one test that names the file which is missing', () => {
    let called = false;
    describeVectors('deserialization', framework, () => {
      called = true;
    });
    expect(titles).toEqual(['official vectors deserialization.json']);
    expect(skipped).toEqual([expect.stringContaining('deserialization.json is missing')]);
    expect(called).toBe(false);
  });
});

describe('vectorsAvailable', () => {
  it('is true once every file is there', () => {
    for (const name of VECTOR_NAMES) {
      expect(vectorsAvailable()).toBe(false);
      writeFileSync(join(folder, `${name}.json`), '[]');
    }
    expect(vectorsAvailable()).toBe(true);
  });
});
