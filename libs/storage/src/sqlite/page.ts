/**
 * Pages bounded in bytes.
 *
 * @module
 */
import type { Row } from './row.ts';

/** Takes rows while they fit into the bytes allowed; the first is taken whatever its size. */
export function takePage<T>(
  rows: Iterable<Row>,
  maxBytes: number,
  toEntry: (row: Row) => T,
  sizeOf: (entry: T) => number,
): readonly T[] {
  const page: T[] = [];
  let size = 0;
  for (const row of rows) {
    const entry = toEntry(row);
    size += sizeOf(entry);
    if (page.length > 0 && size > maxBytes) break;
    page.push(entry);
  }
  return page;
}
