/**
 * What a person sees of a run.
 *
 * @module
 */
import { inspect } from 'node:util';
import type { Deployment } from './deployment/deployment.ts';
import { countOutcomes, type Progress, type Verdict } from './history/run.ts';
import { RULES, type Violation } from './history/violation.ts';

const SHOWN = 5;

/** Says in one line how far a run is. */
export function progressLine({ events, accepted, faults }: Progress, seconds: number): string {
  return `${seconds.toFixed(0).padStart(4)} s  ${events} events, ${accepted} appends accepted, ${faults} faults`;
}

/** Puts the totals and the verdict into words. */
export function summary(verdict: Verdict, deployment: Deployment): string {
  const { history, violations } = verdict;
  const logs = [...history.logs.values()];
  const commits = logs.flat().filter(({ kind }) => kind === 'commit').length;
  return [
    ...totals(verdict),
    row('logs', `${logs.length} groups, ${logs.flat().length} entries, ${commits} commits`),
    row('services', processes(deployment)),
    '',
    violations.length === 0 ? 'verdict: every promise was kept' : `verdict: ${violations.length} VIOLATIONS`,
    ...violations.slice(0, SHOWN).map(describe),
  ].join('\n');
}

const KINDS = [
  ['append', 'commits and messages'],
  ['read', 'pages and pushes read'],
  ['groupInfo', 'GroupInfos read'],
  ['publish', 'KeyPackages published'],
  ['claim', 'claims'],
  ['useOnce', 'challenges and codes used'],
  ['mailbox', 'mailboxes read'],
] as const;

function totals({ history, faults }: Verdict): readonly string[] {
  const rows = KINDS.map(([kind, name]) => row(name, inWords(countOutcomes(history.events, kind))));
  return [row('events', String(history.events.length)), ...rows, row('faults', inWords(faults))];
}

function inWords(counts: ReadonlyMap<string, number>): string {
  const words = [...counts]
    .toSorted(([left], [right]) => left.localeCompare(right))
    .map(([name, count]) => `${count} ${name === 'unknown' ? 'ambiguous' : name}`);
  return words.length === 0 ? 'none' : words.join(', ');
}

function processes(deployment: Deployment): string {
  const all = deployment.all();
  const sum = (of: (one: (typeof all)[number]) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  return `${all.length} processes, ${sum(({ crashes }) => crashes)} crashes of their own, ${sum(({ incidents }) => incidents)} incidents`;
}

function row(name: string, value: string): string {
  return `${name.padEnd(28)}${value}`;
}

function describe({ rule, detail, excerpt }: Violation): string {
  const events = excerpt.map((event) => `    ${inspect(event, { breakLength: Infinity, depth: 5 })}`);
  return [`\n  ${rule}: ${RULES[rule]}`, `  ${detail}`, ...events].join('\n');
}
