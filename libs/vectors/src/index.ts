/**
 * The official MLS test vectors, for tests only.
 *
 * @module
 */

export { describeVectors } from './describe-vectors.ts';
export type { TestFunctions } from './describe-vectors.ts';
export { findVectorFile, loadVectors, vectorFolders, vectorsAvailable } from './load-vectors.ts';
export { VectorError } from './vector-error.ts';
export { VECTOR_NAMES } from './vector-names.ts';
export type { VectorName } from './vector-names.ts';
export { VectorValue } from './vector-value.ts';
