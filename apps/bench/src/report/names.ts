/**
 * What operations, trees and sizes are called in tables.
 *
 * @module
 */

import type { LeftOut, TreeKind } from '../operations.ts';

const labels: Readonly<Record<LeftOut['name'], string>> = {
  all: 'everything',
  'key-package': 'KeyPackage',
  'create-group': 'create group, adding N − 1',
  'commit-create': 'commit: create',
  'commit-process-near': 'commit: process, near leaf',
  'commit-process-far': 'commit: process, far leaf',
  'add-create': 'add: create',
  'add-process': 'add: process',
  join: 'join by Welcome',
  'remove-create': 'remove: create',
  'remove-process': 'remove: process',
  'commit-10-references-create': 'commit 10 proposals: create',
  'commit-10-references-process': 'commit 10 proposals: process',
  'external-join': 'external join',
  'external-join-process': 'external join: process',
  'protect-100': 'protect 100 B',
  'unprotect-100': 'unprotect 100 B',
  'protect-10240': 'protect 10 KiB',
  'unprotect-10240': 'unprotect 10 KiB',
  'save-message': 'save after a message',
  'save-commit': 'save after a commit',
  load: 'load',
  commit: 'bytes of a commit',
  welcome: 'bytes of a Welcome',
  tree: 'bytes of the ratchet tree',
  'memory-per-member': 'memory for each member',
};

const trees: Readonly<Record<TreeKind, string>> = {
  fresh: 'all members added by one commit',
  warm: 'every member has committed',
  unmerged: 'nearly all leaves unmerged',
};

/** The trees in the order of the tables. */
export const treeOrder: readonly TreeKind[] = ['warm', 'fresh', 'unmerged'];

/** Gives the name of an operation or a size. */
export function labelOf(name: LeftOut['name']): string {
  return labels[name];
}

/** Says what a kind of tree is. */
export function treeLabel(tree: TreeKind): string {
  return `${tree} tree (${trees[tree]})`;
}
