import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';

import { USAGE } from '../../src/arguments.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { madeUpResult } from '../report/made-up-result.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bench-main-'));
const earlier = join(folder, 'made-up.json');
writeFileSync(earlier, JSON.stringify(madeUpResult));

function bench(...parameters: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [main, ...parameters], { encoding: 'utf8' });
}

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('npm run bench', () => {
  it('makes the table of an earlier run from its JSON', () => {
    const { status, stdout } = bench('--from', earlier);
    expect(stdout).toBe(terminalReport(madeUpResult));
    expect(status).toBe(0);
  });

  it('writes the figures to a file, from which the same table can be made again', () => {
    const copy = join(folder, 'copy.json');
    expect(bench('--from', earlier, '--json', copy).status).toBe(0);
    expect(JSON.parse(readFileSync(copy, 'utf8'))).toEqual(madeUpResult);
    expect(bench('--from', copy).stdout).toBe(terminalReport(madeUpResult));
  });

  it('writes nothing but the figures to the standard output when they go there', () => {
    const { stdout, stderr } = bench('--from', earlier, '--json', '-');
    expect(JSON.parse(stdout)).toEqual(madeUpResult);
    expect(stderr).toBe(terminalReport(madeUpResult));
  });

  it('gives its help', () => {
    expect(bench('--help')).toMatchObject({ status: 0, stdout: `${USAGE}\n` });
  });

  it.each([
    ['an unknown option', ['--fast'], "Unknown option '--fast'"],
    ['a file that is not there', ['--from', join(folder, 'none.json')], 'no such file'],
    ['a file that is something else', ['--from', main], 'the result is not JSON'],
  ])('ends with 2 and plain words for %s', (_, parameters, words) => {
    const { status, stdout, stderr } = bench(...parameters);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
  });
});
