/**
 * Lays out what the service images need, and nothing else, in an empty folder: `node tools/docker-context.ts <folder>`.
 *
 * @module
 */

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { house } from './rooms.ts';
import type { House } from './rooms.ts';

/** The rooms that become images. */
export const services = [
  'apps/authentication-service',
  'apps/key-directory',
  'apps/delivery-service',
] as const;

/** Lists the services and every room that one of them may reach by the table of rooms. */
export function roomsOfServices(table: House): readonly string[] {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const next of table.rooms[path]?.rooms ?? []) visit(next);
  };
  for (const service of services) visit(service);
  return [...reached].toSorted();
}

/** Copies the sources and the manifests of the services' rooms, with a root manifest that knows only them. */
export function layOutContext(root: string, folder: string): void {
  const rooms = roomsOfServices(house);
  for (const room of rooms) {
    mkdirSync(join(folder, room), { recursive: true });
    writeJson(join(folder, room, 'package.json'), without(readJson(join(root, room, 'package.json'))));
    cpSync(join(root, room, 'src'), join(folder, room, 'src'), { recursive: true });
  }
  cpSync(join(root, 'proto'), join(folder, 'proto'), { recursive: true });
  cpSync(join(root, 'docker/health.ts'), join(folder, 'docker/health.ts'));
  // The lock pins what the dependencies bring along.
  if (existsSync(join(root, 'package-lock.json')))
    cpSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
  const { name, version, license, type } = readJson(join(root, 'package.json'));
  writeJson(join(folder, 'package.json'), { name, version, private: true, license, type, workspaces: rooms });
}

/** A room's manifest without what only tests and tools want. */
function without(manifest: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { devDependencies: _tests, nx: _tools, ...rest } = manifest;
  return rest;
}

function readJson(file: string): Readonly<Record<string, unknown>> {
  const value: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(file, 'utf8'));
  return value;
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) throw new RangeError('usage: node tools/docker-context.ts <folder>');
  layOutContext(process.cwd(), folder);
}
