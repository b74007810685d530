/**
 * Finds and reads the official MLS test vectors, which are not part of the repository.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { VectorError } from './vector-error.ts';
import { readSums, VECTOR_NAMES, type VectorName } from './vector-names.ts';
import { VectorValue } from './vector-value.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** Gives the folders where vectors are looked for, in this order; if CANOPY_VECTORS names one, only there. */
export function vectorFolders(): readonly string[] {
  const named = process.env['CANOPY_VECTORS'];
  const usual = [join(ROOT, '..', 'shared', 'vectors', 'test-vectors'), join(ROOT, '.vectors')];
  return named === undefined || named === '' ? usual : [named];
}

/** Finds the file of some vectors. */
export function findVectorFile(name: VectorName): string | undefined {
  return vectorFolders()
    .map((folder) => join(folder, `${name}.json`))
    .find((path) => existsSync(path));
}

/** Tells whether every file of vectors can be found. */
export function vectorsAvailable(): boolean {
  return VECTOR_NAMES.every((name) => findVectorFile(name) !== undefined);
}

/**
 * Reads all cases of a file of vectors.
 *
 * @throws VectorError MISSING when no folder has it, WRONG_SUM when it is not the official file
 */
export function loadVectors(name: VectorName): readonly VectorValue[] {
  const path = findVectorFile(name);
  if (path === undefined) throw new VectorError('MISSING', `${name}.json is in none of the vector folders`);
  const data = readFileSync(path);
  const sum = createHash('sha256').update(data).digest('hex');
  const expected = readSums().get(`${name}.json`);
  if (sum !== expected) {
    throw new VectorError('WRONG_SUM', `${name}.json has the SHA-256 sum ${sum}, expected ${expected}`);
  }
  return new VectorValue(JSON.parse(data.toString('utf8')), name).array();
}
