/**
 * The machine that a run was made on.
 *
 * @module
 */

import { cpus, totalmem } from 'node:os';

import { backEndLabels, backEndOf } from './libraries.ts';
import type { BenchmarkResult } from './operations.ts';

/** Says what machine this is, and what is measured on it. */
export function describeMachine(peers: readonly string[]): BenchmarkResult['machine'] {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown processor',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    openssl: process.versions.openssl,
    date: new Date().toISOString(),
    backEnd: peers
      .map(backEndOf)
      .filter((backEnd) => backEnd !== undefined)
      .map((backEnd) => backEndLabels[backEnd])
      .join(', '),
    peers,
  };
}
