/**
 * What a device is told about its stock, and when.
 *
 * @module
 */
import { FieldError, type directory } from '@canopy/contract';
import { isSupportedCipherSuite } from '@canopy/crypto';
import type { StockCount } from '@canopy/storage';

/** The least number of single-use KeyPackages per suite that is not low. */
export type Marks = ReadonlyMap<number, number>;

const MAX_MARKS = 16;

/** Reads marks. @throws {FieldError} */
export function readMarks({ marks }: directory.LowWaterMarks): Marks {
  if (marks.length > MAX_MARKS) throw new FieldError('marks.marks', `must be at most ${MAX_MARKS}`);
  const read = new Map<number, number>();
  for (const [index, { cipherSuite, singleUse }] of marks.entries()) {
    const field = `marks.marks[${index}].cipher_suite`;
    if (!isSupportedCipherSuite(cipherSuite)) {
      throw new FieldError(field, 'must be a cipher suite of RFC 9420, 1 to 7');
    }
    if (read.has(cipherSuite)) throw new FieldError(field, 'must not be there twice');
    read.set(cipherSuite, singleUse);
  }
  return read;
}

/** The stock of one suite, and whether it is below its mark. */
export interface Level {
  readonly count: StockCount;
  readonly low: boolean;
}

/** Gives the level of every suite that has a mark or anything in stock, smallest suite first. */
export function levelsOf(counts: readonly StockCount[], marks: Marks): readonly Level[] {
  const bySuite = new Map(counts.map((count) => [count.cipherSuite, count]));
  const suites = Array.from(new Set([...bySuite.keys(), ...marks.keys()])).toSorted((a, b) => a - b);
  return suites.map((cipherSuite) => {
    const count = bySuite.get(cipherSuite) ?? nothingOf(cipherSuite);
    const mark = marks.get(cipherSuite);
    return { count, low: mark !== undefined && (count.singleUse < mark || !count.lastResort) };
  });
}

/** Says whether levels have to be told to somebody who was told others. */
export function areNews(told: readonly Level[], now: readonly Level[]): boolean {
  const before = new Map(told.map((level) => [level.count.cipherSuite, level]));
  // A suite that is there no longer was not low: those with marks are always there.
  return now.some((level) => {
    const { cipherSuite } = level.count;
    return isNews(before.get(cipherSuite) ?? { count: nothingOf(cipherSuite), low: false }, level);
  });
}

function isNews(before: Level, { count, low }: Level): boolean {
  const was = before.count;
  if (before.low !== low || count.lastResortUses > was.lastResortUses) return true;
  return low && (count.singleUse !== was.singleUse || count.lastResort !== was.lastResort);
}

function nothingOf(cipherSuite: number): StockCount {
  return { cipherSuite, singleUse: 0, lastResort: false, lastResortUses: 0 };
}
