/**
 * Each kind of fault is planted in a small house of its own and must be found, with its place.
 *
 * @module
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { checkRooms } from '../check-rooms.ts';
import { measureRooms } from '../room-sizes.ts';
import { house as ownHouse } from '../rooms.ts';
import type { House } from '../rooms.ts';

const house: House = {
  scope: '@canopy/',
  rooms: {
    'libs/ground': { rooms: [], packages: [], builtins: [] },
    'libs/upper': { rooms: ['libs/ground'], packages: ['redis'], testRooms: ['libs/aside'] },
    'libs/aside': { rooms: [], packages: [] },
  },
  everyTest: { rooms: [], packages: ['@jest/globals'] },
  onlyIn: { redis: ['libs/upper/src/redis'], 'node:sqlite': ['libs/upper/src/sqlite'] },
  starDoors: [],
  nouns: { folder: 'libs/upper/src', verbs: ['create', 'protect'], exempt: ['index.ts', 'group'] },
};

type Tree = Readonly<Record<string, string>>;

const manifest = (name: string, dependencies: object = {}, devDependencies: object = {}): string =>
  JSON.stringify({ name: `@canopy/${name}`, dependencies, devDependencies });

const references = (...paths: readonly string[]): string =>
  JSON.stringify({ references: paths.map((path) => ({ path })) });

const sound: Tree = {
  'package.json': JSON.stringify({ devDependencies: { '@jest/globals': '1.0.0' } }),
  'tsconfig.json': references('libs/ground', 'libs/upper', 'libs/aside'),
  'libs/ground/package.json': manifest('ground'),
  'libs/ground/tsconfig.json': references(),
  'libs/ground/src/index.ts': "export { a } from './a.ts';\n",
  'libs/ground/src/a.ts': 'export const a = 1;\n',
  'libs/aside/package.json': manifest('aside'),
  'libs/aside/tsconfig.json': references(),
  'libs/aside/src/index.ts': 'export const aside = 1;\n',
  'libs/upper/package.json': manifest(
    'upper',
    { '@canopy/ground': '*', redis: '6.0.0' },
    { '@canopy/aside': '*' },
  ),
  'libs/upper/tsconfig.json': references('../ground', '../aside'),
  'libs/upper/src/index.ts': "import { a } from '@canopy/ground';\nexport const b = a;\n",
  'libs/upper/src/redis/log.ts': "import { createClient } from 'redis';\n",
  'libs/upper/src/create-group.ts': "import type { N } from './noun.ts';\n",
  'libs/upper/src/noun.ts': 'export type N = 1;\n',
  'libs/upper/src/group/group.ts': "import { create } from '../create-group.ts';\n",
  'libs/upper/test/index.test.ts':
    "import { it } from '@jest/globals';\nimport { aside } from '@canopy/aside';\nimport { b } from '../src/index.ts';\n",
};

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function build(changes: Tree): string {
  const root = mkdtempSync(join(tmpdir(), 'canopy-rooms-'));
  folders.push(root);
  for (const [path, text] of Object.entries({ ...sound, ...changes })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const faultsOf = (changes: Tree): readonly string[] => checkRooms(build(changes), house).faults;

describe('check-rooms', () => {
  it('finds no fault in a sound house, and counts it', () => {
    expect(checkRooms(build({}), house)).toEqual({ faults: [], rooms: 3, files: 9, imports: 8 });
  });

  it.each<[string, Tree, string]>([
    [
      'a room that goes upstairs',
      { 'libs/ground/src/a.ts': "\nimport { b } from '@canopy/upper';\n" },
      "libs/ground/src/a.ts:2: libs/ground may not import '@canopy/upper'",
    ],
    [
      'a room that goes upstairs for a type',
      { 'libs/ground/src/a.ts': "export type B = import('@canopy/upper').B;\n" },
      "libs/ground/src/a.ts:1: libs/ground may not import '@canopy/upper'",
    ],
    [
      'a room of the tests in the source',
      { 'libs/upper/src/noun.ts': "import { aside } from '@canopy/aside';\n" },
      "libs/upper/src/noun.ts:1: libs/upper may not import '@canopy/aside'",
    ],
    [
      'a room that is no business of the tests',
      { 'libs/ground/test/a.test.ts': "import { aside } from '@canopy/aside';\n" },
      "libs/ground/test/a.test.ts:1: libs/ground may not import '@canopy/aside' in a test",
    ],
    [
      'an npm package that the room may not use',
      { 'libs/ground/src/a.ts': "await import('left-pad/deep');\n" },
      "libs/ground/src/a.ts:1: the npm package 'left-pad' is not for this room",
    ],
    [
      'a package of the tests in the source',
      { 'libs/ground/src/a.ts': "import { it } from '@jest/globals';\n" },
      "libs/ground/src/a.ts:1: the npm package '@jest/globals' is not for this room",
    ],
    [
      'a Node module that the room may not use',
      { 'libs/ground/src/a.ts': "import { readFileSync } from 'node:fs';\n" },
      "libs/ground/src/a.ts:1: 'node:fs' is not for this room",
    ],
    [
      'a library entered by a file behind its door',
      { 'libs/upper/src/noun.ts': "import { a } from '@canopy/ground/src/a.ts';\n" },
      "libs/upper/src/noun.ts:1: '@canopy/ground/src/a.ts' is not the door; use '@canopy/ground'",
    ],
    [
      'a library entered by a relative path',
      { 'libs/upper/src/noun.ts': "import { a } from '../../ground/src/a.ts';\n" },
      "libs/upper/src/noun.ts:1: '../../ground/src/a.ts' leaves the room; enter another room by its name",
    ],
    [
      'a source that imports a test',
      { 'libs/upper/src/noun.ts': "import '../test/index.test.ts';\n" },
      "libs/upper/src/noun.ts:1: '../test/index.test.ts' leaves src",
    ],
    [
      'a room that imports itself by name',
      { 'libs/upper/src/noun.ts': "import { b } from '@canopy/upper';\n" },
      "libs/upper/src/noun.ts:1: '@canopy/upper' is the room itself; use a relative path",
    ],
    [
      'a dynamic import whose target cannot be read',
      { 'libs/ground/src/a.ts': 'await import(process.argv[2]);\n' },
      'libs/ground/src/a.ts:1: a dynamic import whose target is not a plain string',
    ],
    [
      'export * without a name',
      { 'libs/ground/src/index.ts': "export * from './a.ts';\n" },
      "libs/ground/src/index.ts:1: export * from './a.ts'",
    ],
    [
      'redis outside its folder',
      { 'libs/upper/src/noun.ts': "import { createClient } from 'redis';\n" },
      "libs/upper/src/noun.ts:1: 'redis' belongs to libs/upper/src/redis only",
    ],
    [
      'node:sqlite outside its folder',
      { 'libs/aside/src/index.ts': "import { DatabaseSync } from 'node:sqlite';\n" },
      "libs/aside/src/index.ts:1: 'node:sqlite' belongs to libs/upper/src/sqlite only",
    ],
    [
      'a noun that knows a verb',
      { 'libs/upper/src/noun.ts': "import { protect } from './protect.ts';\n" },
      "libs/upper/src/noun.ts:1: a noun imports the verb './protect.ts'",
    ],
    [
      'a circle',
      {
        'libs/ground/src/a.ts': "import { b } from './b.ts';\n",
        'libs/ground/src/b.ts': "import { a } from './a.ts';\n",
      },
      'libs/ground/src/a.ts: circular import libs/ground/src/a.ts → libs/ground/src/b.ts → libs/ground/src/a.ts',
    ],
    [
      'an import that package.json does not declare',
      { 'libs/upper/package.json': manifest('upper', { redis: '6.0.0' }, { '@canopy/aside': '*' }) },
      "libs/upper/package.json: dependencies lack '@canopy/ground', which src imports",
    ],
    [
      'an import of the tests that no package.json declares',
      { 'libs/upper/package.json': manifest('upper', { '@canopy/ground': '*', redis: '6.0.0' }) },
      "libs/upper/package.json: devDependencies lack '@canopy/aside', which test imports",
    ],
    [
      'a dependency that nothing imports',
      { 'libs/ground/package.json': manifest('ground', { pino: '1.0.0' }) },
      "libs/ground/package.json: dependency 'pino' is never imported",
    ],
    [
      'a devDependency that nothing imports',
      { 'libs/ground/package.json': manifest('ground', {}, { pino: '1.0.0' }) },
      "libs/ground/package.json: devDependency 'pino' is never imported by test",
    ],
    [
      'a dependency that only a test imports',
      {
        'libs/upper/package.json': manifest('upper', {
          '@canopy/ground': '*',
          '@canopy/aside': '*',
          redis: '6.0.0',
        }),
      },
      "libs/upper/package.json: '@canopy/aside' is imported by test only and belongs to devDependencies",
    ],
    [
      'a version that is not pinned',
      {
        'libs/upper/package.json': manifest(
          'upper',
          { '@canopy/ground': '*', redis: '^6.0.0' },
          { '@canopy/aside': '*' },
        ),
      },
      "libs/upper/package.json: 'redis' is not pinned exactly: '^6.0.0'",
    ],
    [
      'a project reference that is missing',
      { 'libs/upper/tsconfig.json': references('../aside') },
      'libs/upper/tsconfig.json: references lack libs/ground, which is imported',
    ],
    [
      'a project reference that nothing needs',
      { 'libs/aside/tsconfig.json': references('../ground') },
      'libs/aside/tsconfig.json: reference libs/ground is never imported',
    ],
    [
      'a room that the table does not know',
      { 'apps/new/package.json': manifest('new') },
      'apps/new: the table of rooms does not know this room',
    ],
    [
      'a room that the root tsconfig.json forgets',
      { 'tsconfig.json': references('libs/ground', 'libs/upper') },
      'tsconfig.json: references lack libs/aside',
    ],
    [
      'a room with another name than its folder',
      { 'libs/aside/package.json': manifest('beside') },
      "libs/aside/package.json: the name '@canopy/beside' is not the folder's",
    ],
  ])('finds %s', (_kind, changes, fault) => {
    expect(faultsOf(changes)).toContain(fault);
  });

  it('finds a room of the table that is not on the disk', () => {
    const rooms = { ...house.rooms, 'libs/cellar': { rooms: [], packages: [] } };
    expect(checkRooms(build({}), { ...house, rooms }).faults).toEqual([
      'libs/cellar: is in the table of rooms, but not on the disk',
    ]);
  });

  it('lets a circle of types pass, for it does not exist at run time', () => {
    expect(
      faultsOf({
        'libs/ground/src/a.ts': "import type { B } from './b.ts';\n",
        'libs/ground/src/b.ts': "import type { A } from './a.ts';\n",
      }),
    ).toEqual([]);
  });
});

describe('the table of rooms', () => {
  it('lets no room enter one that can enter it back', () => {
    const reach = (path: string, seen: readonly string[]): readonly string[] =>
      seen.includes(path)
        ? seen
        : (ownHouse.rooms[path]?.rooms ?? []).reduce<readonly string[]>(
            (all, next) => reach(next, all),
            [...seen, path],
          );
    for (const [path, { rooms }] of Object.entries(ownHouse.rooms)) {
      expect(rooms.flatMap((next) => reach(next, []))).not.toContain(path);
    }
  });

  it('gives codec, crypto and mls no npm package', () => {
    const packages = ['libs/codec', 'libs/crypto', 'libs/mls'].map((path) => ownHouse.rooms[path]?.packages);
    expect(packages).toEqual([[], [], []]);
  });
});

describe('room-sizes', () => {
  it('counts files and lines of source and tests, without generated code', () => {
    const root = build({ 'libs/ground/src/gen/big.ts': 'x\n'.repeat(1000) });
    expect(measureRooms(root).find(({ room }) => room === 'libs/upper')).toEqual({
      room: 'libs/upper',
      src: { files: 5, lines: 6, largest: 2 },
      test: { files: 1, lines: 3, largest: 3 },
    });
    expect(measureRooms(root).find(({ room }) => room === 'libs/ground')?.src.lines).toBe(2);
  });
});
