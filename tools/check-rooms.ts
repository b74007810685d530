/**
 * Checks that every room keeps to the table of `rooms.ts`: `node tools/check-rooms.ts [folder]`.
 *
 * @module
 */

import { findRooms, readReferences, readRoom, readRootDevDependencies } from './room-files.ts';
import type { Room } from './room-files.ts';
import { checkAgreement, checkCycles, checkImports, checkNouns } from './room-rules.ts';
import { house as ownHouse } from './rooms.ts';
import type { House } from './rooms.ts';

/** What a check found. */
export type RoomReport = {
  readonly faults: readonly string[];
  readonly rooms: number;
  readonly files: number;
  readonly imports: number;
};

/** Checks all rooms under a folder against a house. */
export function checkRooms(root: string, house: House): RoomReport {
  const rooms = findRooms(root).map((path) => readRoom(root, path));
  const surroundings = { house, rootDevDependencies: readRootDevDependencies(root) };
  const faults = rooms.flatMap((room) => {
    const rule = house.rooms[room.path];
    if (rule === undefined) return [];
    return [
      ...checkImports(room, rule, surroundings),
      ...checkAgreement(room, surroundings),
      ...checkCycles(room),
      ...checkNouns(room, surroundings),
    ];
  });
  return {
    faults: [...checkTable(root, rooms, house), ...faults],
    rooms: rooms.length,
    files: rooms.reduce((sum, room) => sum + room.files.length, 0),
    imports: rooms.reduce((sum, room) => sum + room.files.reduce((n, file) => n + file.imports.length, 0), 0),
  };
}

function checkTable(root: string, rooms: readonly Room[], house: House): readonly string[] {
  const references = readReferences(root, '.');
  const known = Object.keys(house.rooms);
  return [
    ...rooms
      .filter((room) => !known.includes(room.path))
      .map((room) => `${room.path}: the table of rooms does not know this room`),
    ...known
      .filter((path) => rooms.every((room) => room.path !== path))
      .map((path) => `${path}: is in the table of rooms, but not on the disk`),
    ...rooms
      .filter((room) => room.name !== `${house.scope}${room.path.split('/').at(-1)}`)
      .map((room) => `${room.path}/package.json: the name '${room.name}' is not the folder's`),
    ...rooms
      .filter((room) => !references.includes(room.path))
      .map((room) => `tsconfig.json: references lack ${room.path}`),
  ];
}

if (import.meta.main) {
  const { faults, rooms, files, imports } = checkRooms(process.argv[2] ?? process.cwd(), ownHouse);
  for (const fault of faults) console.log(fault);
  console.log(`rooms: ${rooms} rooms, ${files} files, ${imports} imports, ${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
