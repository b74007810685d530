/**
 * Reads the rooms from the disk: their sources with their imports, their package.json and their tsconfig.json.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';

import { findImports } from './imports.ts';
import type { Import } from './imports.ts';

/** A source file of a room; `path` is relative to the root, with slashes. */
export type SourceFile = {
  readonly path: string;
  readonly part: 'src' | 'test';
  readonly lines: number;
  readonly imports: readonly Import[];
};

/** What a room says about itself in its two JSON files. */
export type Room = {
  readonly path: string;
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  /** The rooms its tsconfig.json refers to, as paths from the root. */
  readonly references: readonly string[];
  readonly files: readonly SourceFile[];
};

const SKIPPED = new Set(['node_modules', 'out', '.nx']);

/** Lists the files under a folder whose name ends so, as paths from the root. */
export function listFiles(root: string, folder: string, ending: string): readonly string[] {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listFiles(root, path, ending);
      return entry.name.endsWith(ending) ? [path] : [];
    });
}

/** Lists the rooms that are on the disk: every folder of `libs` and `apps` with a package.json. */
export function findRooms(root: string): readonly string[] {
  return ['libs', 'apps'].flatMap((floor) =>
    existsSync(join(root, floor))
      ? readdirSync(join(root, floor))
          .map((name) => `${floor}/${name}`)
          .filter((path) => existsSync(join(root, path, 'package.json')))
          .toSorted()
      : [],
  );
}

/** Reads one room. */
export function readRoom(root: string, path: string): Room {
  const manifest = readObject(join(root, path, 'package.json'));
  return {
    path,
    name: String(manifest['name']),
    dependencies: stringsOf(manifest['dependencies']),
    devDependencies: stringsOf(manifest['devDependencies']),
    references: readReferences(root, path),
    files: [...readFiles(root, path, 'src'), ...readFiles(root, path, 'test')],
  };
}

/** Reads the project references of a folder's tsconfig.json, as paths from the root. */
export function readReferences(root: string, folder: string): readonly string[] {
  const file = join(root, folder, 'tsconfig.json');
  if (!existsSync(file)) return [];
  const references = readObject(file)['references'];
  if (!Array.isArray(references)) return [];
  return references.map((reference: unknown) => {
    const target = isObject(reference) ? String(reference['path']) : '';
    return relative(root, join(dirname(file), target))
      .split('\\')
      .join('/');
  });
}

/** Reads the names in the `devDependencies` of the root package.json. */
export function readRootDevDependencies(root: string): readonly string[] {
  return Object.keys(stringsOf(readObject(join(root, 'package.json'))['devDependencies']));
}

function readFiles(root: string, room: string, part: SourceFile['part']): readonly SourceFile[] {
  return listFiles(root, `${room}/${part}`, '.ts').map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return { path, part, lines: text.split('\n').length - 1, imports: findImports(text) };
  });
}

function readObject(file: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return isObject(value) ? value : {};
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]))
    : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
