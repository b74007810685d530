/**
 * How much processor time a process has used, as the kernel counts it.
 *
 * @module
 */
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second here, whatever the kernel's own clock is. */
const MICROSECONDS_PER_TICK = 10_000;

/** Reads the processor time of a process with all its threads, in microseconds: user and system together. */
export function cpuTimeOf(pid: number): number {
  return parseCpuTime(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** Reads it from the text of `/proc/<pid>/stat`. */
export function parseCpuTime(stat: string): number {
  // The second field is the name of the program in parentheses, which may hold anything.
  const [, fields = ''] = stat.split(/\) (?!.*\) )/);
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  if (!Number.isInteger(user) || !Number.isInteger(system)) throw new Error('unreadable process statistics');
  return ((user ?? 0) + (system ?? 0)) * MICROSECONDS_PER_TICK;
}
