/**
 * Prints how large each room is: `node tools/room-sizes.ts [folder]`.
 *
 * @module
 */

import { findRooms, readRoom } from './room-files.ts';
import type { SourceFile } from './room-files.ts';

/** Files and lines of one part of a room. Generated code is not counted. */
export type Size = { readonly files: number; readonly lines: number; readonly largest: number };

/** One room's sizes. */
export type RoomSize = { readonly room: string; readonly src: Size; readonly test: Size };

/** Measures every room under a folder. */
export function measureRooms(root: string): readonly RoomSize[] {
  return findRooms(root).map((path) => {
    const files = readRoom(root, path).files.filter((file) => !file.path.includes('/src/gen/'));
    return { room: path, src: measure(files, 'src'), test: measure(files, 'test') };
  });
}

function measure(files: readonly SourceFile[], part: SourceFile['part']): Size {
  const lines = files.filter((file) => file.part === part).map((file) => file.lines);
  return {
    files: lines.length,
    lines: lines.reduce((sum, count) => sum + count, 0),
    largest: Math.max(0, ...lines),
  };
}

function row(name: string, src: Size, test: Size): string {
  const cells = [src, test].flatMap(({ files, lines, largest }) => [files, lines, largest]);
  return `${name.padEnd(30)}${cells.map((cell) => String(cell).padStart(9)).join('')}`;
}

function total(sizes: readonly Size[]): Size {
  const sum = (key: 'files' | 'lines'): number => sizes.reduce((before, size) => before + size[key], 0);
  return {
    files: sum('files'),
    lines: sum('lines'),
    largest: Math.max(0, ...sizes.map((size) => size.largest)),
  };
}

if (import.meta.main) {
  const sizes = measureRooms(process.argv[2] ?? process.cwd());
  const headings = ['src files', 'lines', 'largest', 'tests', 'lines', 'largest'];
  console.log(`${'room'.padEnd(30)}${headings.map((heading) => heading.padStart(9)).join('')}`);
  for (const { room, src, test } of sizes) console.log(row(room, src, test));
  console.log(row('all', total(sizes.map(({ src }) => src)), total(sizes.map(({ test }) => test))));
}
