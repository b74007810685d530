/**
 * Makes a test suite out of a file of vectors, or a skipped test that names what is missing.
 *
 * @module
 */

import { findVectorFile, loadVectors } from './load-vectors.ts';
import type { VectorName } from './vector-names.ts';
import type { VectorValue } from './vector-value.ts';

/** The functions of the test framework; a test file passes its own. */
export interface TestFunctions {
  readonly describe: (title: string, body: () => void) => void;
  readonly it: { readonly skip: (title: string, body: () => void) => void };
}

/** Describes the cases of a file; where the file is missing, one test with its name shows up as skipped. */
export function describeVectors(
  name: VectorName,
  { describe, it }: TestFunctions,
  body: (cases: readonly VectorValue[]) => void,
): void {
  const available = findVectorFile(name) !== undefined;
  describe(`official vectors ${name}.json`, () => {
    if (available) body(loadVectors(name));
    else
      it.skip(`${name}.json is missing: fetch the vectors, or set CANOPY_VECTORS to their folder`, () => {});
  });
}
