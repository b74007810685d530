/**
 * Reads the list of requirements: one JSON file for each chapter of RFC 9420.
 *
 * @module
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

import { chapterOf, isId, numberOf, sectionOf } from './conformance-ids.ts';
import { listFiles } from './room-files.ts';

/** How binding a requirement is; DERIVED follows from a structure or a formula without a key word. */
export const levels = ['MUST', 'SHOULD', 'RECOMMENDED', 'MAY', 'DERIVED'] as const;
/** How binding a requirement is. */
export type Level = (typeof levels)[number];

/** One thing that an implementation can be tested on. */
export type Requirement = {
  readonly id: string;
  readonly level: Level;
  /** What is required, in our own words. */
  readonly text: string;
  /** The file that obeys it, where no source file names the id. */
  readonly source?: string;
  /** Why no test of it is possible. */
  readonly untested?: string;
};

/** The requirements of one chapter, in the order of their ids. */
export type Chapter = {
  readonly number: number;
  readonly title: string;
  readonly requirements: readonly Requirement[];
};

/** What was read, and what is wrong with it. */
export type RequirementList = {
  readonly chapters: readonly Chapter[];
  readonly faults: readonly string[];
};

const FOLDER = 'tools/requirements';

/** Reads all chapters under a root. */
export function readRequirements(root: string): RequirementList {
  const read = listFiles(root, FOLDER, '.json').map((path) => readChapter(root, path));
  const all = read.flatMap(({ chapter }) => chapter.requirements);
  return {
    chapters: read.map(({ chapter }) => chapter),
    faults: [
      ...(read.length === 0 ? [`${FOLDER}: no requirements found`] : []),
      ...read.flatMap(({ faults }) => faults),
      ...findTwice(all.map(({ id }) => id)).map((id) => `${id}: is in ${FOLDER} twice`),
      ...all.flatMap((requirement) => checkSource(root, requirement)),
    ],
  };
}

type ReadChapter = { readonly chapter: Chapter; readonly faults: readonly string[] };

function readChapter(root: string, path: string): ReadChapter {
  const [number = '', ...words] = posix.basename(path, '.json').split('-');
  const title = words.join(' ');
  // A letter tells the files of one chapter apart: 12a, 12b.
  const chapter = {
    number: Number.parseInt(number, 10),
    title: title.charAt(0).toUpperCase() + title.slice(1),
  };
  const entries = readArray(join(root, path));
  if (entries === undefined) {
    return { chapter: { ...chapter, requirements: [] }, faults: [`${path}: is no JSON array`] };
  }
  const requirements = entries.filter(isRequirement);
  const faults = [
    ...entries
      .filter((entry) => !isRequirement(entry))
      .map((entry) => `${path}: not a requirement: ${JSON.stringify(entry)}`),
    ...requirements
      .filter(({ id }) => chapterOf(id) !== chapter.number)
      .map(({ id }) => `${id}: does not belong into ${path}`),
    ...checkOrder(requirements.map(({ id }) => id)),
  ];
  return { chapter: { ...chapter, requirements }, faults };
}

function readArray(file: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const fields: ReadonlySet<string> = new Set(['id', 'level', 'text', 'source', 'untested']);

function isRequirement(value: unknown): value is Requirement {
  if (typeof value !== 'object' || value === null) return false;
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
  const { id, level, text } = Object.fromEntries(entries);
  return (
    entries.every(([name, entry]) => fields.has(name) && typeof entry === 'string' && entry.trim() !== '') &&
    typeof id === 'string' &&
    isId(id) &&
    levels.some((known) => known === level) &&
    text !== undefined
  );
}

/** The numbers of a section run from 1 without a gap, so that none gets lost. */
function checkOrder(ids: readonly string[]): readonly string[] {
  const last = new Map<string, number>();
  return ids.flatMap((id) => {
    const section = sectionOf(id);
    const expected = (last.get(section) ?? 0) + 1;
    last.set(section, numberOf(id));
    return numberOf(id) === expected
      ? []
      : [`${id}: number ${expected} of section ${section} expected in its place`];
  });
}

function findTwice(ids: readonly string[]): readonly string[] {
  return [...new Set(ids.filter((id, position) => ids.indexOf(id) !== position))];
}

function checkSource(root: string, { id, source }: Requirement): readonly string[] {
  if (source === undefined || existsSync(join(root, source))) return [];
  return [`${id}: its source ${source} does not exist`];
}
