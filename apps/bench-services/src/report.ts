/**
 * The table of a run, and whether the aims are met.
 *
 * @module
 */
import type { CaseName } from './cases.ts';
import { rateOf, type Figures } from './figures.ts';

/** What was measured on one store; a text says why a case has no figures. */
export interface StoreResult {
  readonly store: string;
  readonly figures: Partial<Readonly<Record<CaseName, Figures | string>>>;
}

/** An aim: the rate of a case beside another one's, or what it costs the service. */
interface Aim {
  readonly name: string;
  readonly of: CaseName;
  readonly beside: CaseName;
  /** Which ratio is meant. */
  readonly by: 'rate' | 'cost';
  /** What this ratio has to be at least. */
  readonly least: number;
}

const AIMS: readonly Aim[] = [
  { name: 'unary append : no-op call', of: 'append-call', beside: 'no-op-call', by: 'rate', least: 0.6 },
  { name: 'stream append : no-op call', of: 'append-stream', beside: 'no-op-call', by: 'rate', least: 10 },
  { name: 'fan-out to 1 : bare stream', of: 'fan-out-1', beside: 'bare-fan-out-1', by: 'rate', least: 0.5 },
  {
    name: 'fan-out to 100 : bare stream',
    of: 'fan-out-100',
    beside: 'bare-fan-out-100',
    by: 'rate',
    least: 0.5,
  },
  {
    name: 'fan-out to 1000 : bare stream',
    of: 'fan-out-1000',
    beside: 'bare-fan-out-1000',
    by: 'rate',
    least: 0.5,
  },
  {
    name: 'append to a log of 10000 : of 0',
    of: 'append-log-10000',
    beside: 'append-log-0',
    by: 'cost',
    least: 0.8,
  },
  {
    name: 'append with 1000 members : 2',
    of: 'append-members-1000',
    beside: 'append-members-2',
    by: 'cost',
    least: 0.8,
  },
];

/** An aim and what came of it. */
export interface Verdict {
  readonly store: string;
  readonly name: string;
  /** Of the rates. */
  readonly ratio: number;
  /** Of the processor times, the other way round: what the ratio would be if nothing but the service set the pace. */
  readonly cpuRatio: number;
  readonly by: Aim['by'];
  readonly least: number;
  readonly met: boolean;
}

/** Compares with the aims whatever was measured on both sides. */
export function judge({ store, figures }: StoreResult): readonly Verdict[] {
  return AIMS.flatMap(({ name, of, beside, by, least }) => {
    const [one, other] = [figures[of], figures[beside]];
    if (typeof one !== 'object' || typeof other !== 'object') return [];
    const ratio = rateOf(one) / rateOf(other);
    const cpuRatio = other.serverUs / one.serverUs;
    return [{ store, name, by, ratio, cpuRatio, least, met: (by === 'rate' ? ratio : cpuRatio) >= least }];
  });
}

/** Above this share of a core the load generator may be what was measured. */
const BUSY = 0.9;

const HEAD = ['', 'per second', 'p50 ms', 'p99 ms', 'server µs each', 'load generator'];

/** Makes the tables of a run, in Markdown. */
export function report(results: readonly StoreResult[]): string {
  const tables = results.map(
    (result) => `## On ${result.store}\n\n${table([HEAD, ...rowsOf(result)])}\n\n${verdicts(judge(result))}`,
  );
  return `${tables.join('\n\n')}\n`;
}

function rowsOf({ figures }: StoreResult): readonly (readonly string[])[] {
  return Object.entries(figures).map(([name, measured]) => {
    if (typeof measured === 'string') return [name, measured, '', '', '', ''];
    const { p50Ms, p99Ms, serverUs, loaderShare } = measured;
    const share = `${Math.round(loaderShare * 100)} %${loaderShare > BUSY ? ' (busy)' : ''}`;
    return [name, whole(rateOf(measured)), short(p50Ms), short(p99Ms), short(serverUs), share];
  });
}

function verdicts(all: readonly Verdict[]): string {
  const rows = all.map(({ name, by, ratio, cpuRatio, least, met }) => [
    name,
    short(ratio),
    short(cpuRatio),
    `${by} at least ${least}`,
    met ? 'met' : '**missed**',
  ]);
  return rows.length === 0 ? '' : table([['ratio', 'of the rates', 'of the CPU times', 'aim', ''], ...rows]);
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function whole(value: number): string {
  return String(Math.round(value));
}

function short(value: number): string {
  return value >= 100 ? whole(value) : value.toPrecision(2);
}
