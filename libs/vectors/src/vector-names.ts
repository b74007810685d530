/**
 * The official MLS test vectors: which files there are, and their SHA-256 sums.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files of official test vectors, without `.json`. */
export const VECTOR_NAMES = [
  'tree-math',
  'deserialization',
  'crypto-basics',
  'secret-tree',
  'key-schedule',
  'psk_secret',
  'transcript-hashes',
  'message-protection',
  'messages',
  'tree-operations',
  'tree-validation',
  'treekem',
  'welcome',
  'passive-client-welcome',
  'passive-client-handling-commit',
  'passive-client-random',
] as const;

/** The name of a file of official test vectors. */
export type VectorName = (typeof VECTOR_NAMES)[number];

/** Reads the kept SHA-256 sums, by file name. */
export function readSums(): ReadonlyMap<string, string> {
  const text = readFileSync(join(import.meta.dirname, '..', 'SHA256SUMS'), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [sum = '', path = ''] = line.split(/\s+/);
      return [path.slice(path.lastIndexOf('/') + 1), sum];
    }),
  );
}
