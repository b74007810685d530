/**
 * The rules of the house about imports, each a function from a room to its faults.
 *
 * @module
 */

import { posix } from 'node:path';

import type { Import } from './imports.ts';
import type { Room, SourceFile } from './room-files.ts';
import type { House, RoomRule } from './rooms.ts';

/** What a rule looks at besides the room itself. */
export type Surroundings = { readonly house: House; readonly rootDevDependencies: readonly string[] };

/** One import and the file it stands in. */
type Site = { readonly file: SourceFile; readonly one: Import };

/** The package that a specifier names, `undefined` for a relative one or a Node module. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('/') || specifier.startsWith('node:'))
    return undefined;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

/** Checks every import of a room against the table. */
export function checkImports(room: Room, rule: RoomRule, { house }: Surroundings): readonly string[] {
  return sites(room).flatMap((site) => {
    const fault = checkForm(site, house) ?? checkTarget(site, room, rule, house) ?? checkOnlyIn(site, house);
    return fault === undefined ? [] : [at(site, fault)];
  });
}

function checkForm({ file, one }: Site, house: House): string | undefined {
  if (one.kind === 'computed') return 'a dynamic import whose target is not a plain string';
  if (one.kind === 'star' && !house.starDoors.includes(file.path)) return `export * from '${one.specifier}'`;
  return undefined;
}

function checkTarget(site: Site, room: Room, rule: RoomRule, house: House): string | undefined {
  const { specifier } = site.one;
  if (specifier.startsWith('.') || specifier.startsWith('/')) return checkRelative(site, room);
  if (specifier.startsWith('node:')) return checkBuiltin(site, rule);
  return specifier.startsWith(house.scope)
    ? checkRoom(site, room, rule, house)
    : checkPackage(site, rule, house);
}

function checkRelative({ file, one }: Site, room: Room): string | undefined {
  const target = posix.join(posix.dirname(file.path), one.specifier);
  if (!target.startsWith(`${room.path}/`))
    return `'${one.specifier}' leaves the room; enter another room by its name`;
  const fromSource = file.part === 'src' && !target.startsWith(`${room.path}/src/`);
  return fromSource ? `'${one.specifier}' leaves src` : undefined;
}

function checkBuiltin({ file, one }: Site, rule: RoomRule): string | undefined {
  if (file.part === 'test' || rule.builtins === undefined || rule.builtins.includes(one.specifier))
    return undefined;
  return `'${one.specifier}' is not for this room`;
}

function checkRoom({ file, one }: Site, room: Room, rule: RoomRule, house: House): string | undefined {
  const name = packageOf(one.specifier) ?? '';
  if (name === room.name) return `'${one.specifier}' is the room itself; use a relative path`;
  if (name !== one.specifier) return `'${one.specifier}' is not the door; use '${name}'`;
  const allowed = [
    ...rule.rooms,
    ...(file.part === 'test' ? [...house.everyTest.rooms, ...(rule.testRooms ?? [])] : []),
  ];
  return allowed.some((path) => nameOf(path, house) === name)
    ? undefined
    : `${room.path} may not import '${name}'${file.part === 'test' ? ' in a test' : ''}`;
}

function checkPackage({ file, one }: Site, rule: RoomRule, house: House): string | undefined {
  const name = packageOf(one.specifier) ?? '';
  const allowed = [
    ...rule.packages,
    ...(file.part === 'test' ? [...house.everyTest.packages, ...(rule.testPackages ?? [])] : []),
  ];
  return allowed.includes(name) ? undefined : `the npm package '${name}' is not for this room`;
}

function checkOnlyIn({ file, one }: Site, house: House): string | undefined {
  const folders = house.onlyIn[packageOf(one.specifier) ?? one.specifier];
  if (folders === undefined || folders.some((folder) => file.path.startsWith(`${folder}/`))) return undefined;
  return `'${one.specifier}' belongs to ${folders.join(', ')} only`;
}

/** Checks that imports, package.json and tsconfig.json tell the same story. */
export function checkAgreement(room: Room, { house, rootDevDependencies }: Surroundings): readonly string[] {
  const used = (part: SourceFile['part']): ReadonlySet<string> =>
    new Set(
      sites(room).flatMap(({ file, one }) => (file.part === part ? (packageOf(one.specifier) ?? []) : [])),
    );
  const [source, test] = [used('src'), used('test')];
  return [
    ...missingDependencies(room, source, test, rootDevDependencies),
    ...unusedDependencies(room, source, test),
    ...wrongReferences(room, new Set([...source, ...test]), house),
    ...looseVersions(room, house),
  ].map((fault) => `${room.path}/${fault}`);
}

function missingDependencies(
  room: Room,
  source: ReadonlySet<string>,
  test: ReadonlySet<string>,
  rootDevDependencies: readonly string[],
): readonly string[] {
  const known = [
    ...Object.keys(room.dependencies),
    ...Object.keys(room.devDependencies),
    ...rootDevDependencies,
  ];
  return [
    ...[...source]
      .filter((name) => name !== room.name && !(name in room.dependencies))
      .map((name) => `package.json: dependencies lack '${name}', which src imports`),
    ...[...test]
      .filter((name) => name !== room.name && !known.includes(name))
      .map((name) => `package.json: devDependencies lack '${name}', which test imports`),
  ];
}

function unusedDependencies(
  room: Room,
  source: ReadonlySet<string>,
  test: ReadonlySet<string>,
): readonly string[] {
  return [
    ...Object.keys(room.dependencies)
      .filter((name) => !source.has(name))
      .map((name) =>
        test.has(name)
          ? `package.json: '${name}' is imported by test only and belongs to devDependencies`
          : `package.json: dependency '${name}' is never imported`,
      ),
    ...Object.keys(room.devDependencies)
      .filter((name) => !test.has(name))
      .map((name) => `package.json: devDependency '${name}' is never imported by test`),
  ];
}

function wrongReferences(room: Room, used: ReadonlySet<string>, house: House): readonly string[] {
  const wanted = Object.keys(house.rooms).filter(
    (path) => path !== room.path && used.has(nameOf(path, house)),
  );
  return [
    ...wanted
      .filter((path) => !room.references.includes(path))
      .map((path) => `tsconfig.json: references lack ${path}, which is imported`),
    ...room.references
      .filter((path) => !wanted.includes(path))
      .map((path) => `tsconfig.json: reference ${path} is never imported`),
  ];
}

function looseVersions(room: Room, house: House): readonly string[] {
  return Object.entries({ ...room.dependencies, ...room.devDependencies })
    .filter(([name, version]) =>
      name.startsWith(house.scope) ? version !== '*' : !/^\d+\.\d+\.\d+/.test(version),
    )
    .map(([name, version]) => `package.json: '${name}' is not pinned exactly: '${version}'`);
}

/** Checks that no file of a room reaches itself through relative imports that exist at run time. */
export function checkCycles(room: Room): readonly string[] {
  const graph = new Map(room.files.map((file) => [file.path, runtimeTargets(file)]));
  const done = new Set<string>();
  const faults: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) faults.push(`${path}: circular import ${[...trail.slice(start), path].join(' → ')}`);
    if (start >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return faults;
}

function runtimeTargets(file: SourceFile): readonly string[] {
  return file.imports
    .filter((one) => one.specifier.startsWith('.') && !one.typeOnly)
    .map((one) => posix.join(posix.dirname(file.path), one.specifier));
}

/** Checks that a file named by a noun imports no file named by a verb. */
export function checkNouns(room: Room, { house }: Surroundings): readonly string[] {
  const { folder } = house.nouns;
  return sites(room).flatMap((site) => {
    const { file, one } = site;
    if (!file.path.startsWith(`${folder}/`) || !one.specifier.startsWith('.')) return [];
    if (isVerb(file.path, house) || isExempt(file.path, house)) return [];
    const target = posix.join(posix.dirname(file.path), one.specifier);
    return isVerb(target, house) ? [at(site, `a noun imports the verb '${one.specifier}'`)] : [];
  });
}

function isVerb(path: string, house: House): boolean {
  const name = posix.basename(path, '.ts');
  return house.nouns.verbs.some((verb) => name === verb || name.startsWith(`${verb}-`));
}

function isExempt(path: string, house: House): boolean {
  const inside = posix.relative(house.nouns.folder, path);
  return house.nouns.exempt.some((exempt) => inside === exempt || inside.startsWith(`${exempt}/`));
}

function nameOf(path: string, house: House): string {
  return `${house.scope}${posix.basename(path)}`;
}

function sites(room: Room): readonly Site[] {
  return room.files.flatMap((file) => file.imports.map((one) => ({ file, one })));
}

function at({ file, one }: Site, fault: string): string {
  return `${file.path}:${one.line}: ${fault}`;
}
