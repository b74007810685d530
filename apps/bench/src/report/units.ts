/**
 * Figures as people read them: three digits and a unit.
 *
 * @module
 */

const timeUnits = [
  [1_000_000, 's'],
  [1000, 'ms'],
  [1, 'µs'],
] as const;

const byteUnits = [
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
] as const;

/** Gives a time, from microseconds. */
export function formatTime(microseconds: number): string {
  // What would be rounded up to 1000 of a unit is written in the next.
  const [size, unit] = timeUnits.find(([one]) => microseconds >= one * 0.9995) ?? timeUnits[2];
  return `${threeDigits(microseconds / size)} ${unit}`;
}

/** Gives a factor. */
export function formatRatio(ratio: number): string {
  return `${threeDigits(ratio)} ×`;
}

/** Gives a number of bytes. */
export function formatBytes(bytes: number): string {
  const found = byteUnits.find(([one]) => bytes >= one * 0.9995);
  return found === undefined ? `${Math.round(bytes)} B` : `${threeDigits(bytes / found[0])} ${found[1]}`;
}

/** Gives a whole number with separators. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

function threeDigits(value: number): string {
  if (value >= 99.95) return formatCount(value);
  if (value >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
}
