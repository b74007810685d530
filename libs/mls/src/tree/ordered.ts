/**
 * Searching in ordered lists: of leaves (RFC 9420 §7.1) and of nodes.
 *
 * @module
 */

/** Counts the entries at the start of a list for which something holds, by halving: it holds for none after these. */
export function countWhile<T>(list: readonly T[], holds: (entry: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = list[middle];
    if (entry !== undefined && holds(entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}
