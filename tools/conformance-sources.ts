/**
 * Which source files name which requirements.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { findMentionedIds } from './conformance-ids.ts';
import { listFiles } from './room-files.ts';

/** Gives the source files that name a requirement, by its id, as paths from the root. */
export function readMentions(root: string): ReadonlyMap<string, readonly string[]> {
  const mentions = new Map<string, readonly string[]>();
  const paths = ['apps', 'libs']
    .flatMap((folder) => listFiles(root, folder, '.ts'))
    .filter((path) => path.includes('/src/'));
  for (const path of paths) {
    for (const id of findMentionedIds(readFileSync(join(root, path), 'utf8'))) {
      mentions.set(id, [...(mentions.get(id) ?? []), path]);
    }
  }
  return mentions;
}
