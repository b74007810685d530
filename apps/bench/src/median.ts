/**
 * The median: what half of the samples are below of.
 *
 * @module
 */

/** Gives the median; the mean of the two in the middle when their number is even. @throws RangeError without values */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (lower === undefined || upper === undefined) throw new RangeError('no values to take a median of');
  return (lower + upper) / 2;
}
