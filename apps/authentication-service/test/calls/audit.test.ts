import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callUnary, type authentication } from '@canopy/contract';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeVerdict, toAuditLine, verifyAuditLines } from '../../src/rules/audit-export.ts';
import {
  ADMIN_SECRET,
  bearerOf,
  DOMAIN,
  enrol,
  newFolder,
  startBench,
  tokenOf,
  type Bench,
} from '../bench.ts';

const metadata = bearerOf(ADMIN_SECRET);

let folder: string;
let bench: Bench;

beforeEach(async () => {
  folder = newFolder();
  bench = await startBench({ folder });
  const [alice] = [await enrol(bench), await enrol(bench, { userName: 'bob' })];
  const { device } = alice.enrolled;
  const token = bearerOf(await tokenOf(bench, alice));
  await callUnary(bench.client, 'revokeDevice', { device }, { metadata: token });
});

afterEach(async () => {
  await bench.close();
  rmSync(folder, { recursive: true });
  expect(bench.incidents).toEqual([]);
});

async function read(afterSequence: bigint, limit: number): Promise<readonly authentication.AuditRecord[]> {
  return (await callUnary(bench.admin, 'readAudit', { afterSequence, limit }, { metadata })).records;
}

async function exported(): Promise<readonly string[]> {
  return (await read(0n, 0)).map(toAuditLine);
}

async function verdictOn(lines: readonly string[], noted?: string): Promise<string> {
  return describeVerdict(await verifyAuditLines(lines, noted));
}

const numbered = (line: string, sequence: string): string =>
  line.replace(/"sequence":"\d"/, `"sequence":"${sequence}"`);

/** Runs a command of the service as an operator does. */
function run(
  command: string,
  args: readonly string[],
  input = '',
): readonly [status: number | null, out: string] {
  const script = join(import.meta.dirname, '../../src', command);
  const env = { ...process.env, CANOPY_DOMAIN: DOMAIN, CANOPY_DATA: folder };
  const done = spawnSync(process.execPath, [script, ...args], { env, input, encoding: 'utf8' });
  return [done.status, `${done.stdout}${done.stderr}`];
}

describe('the audit log', () => {
  it('is read page by page, in order', async () => {
    const all = await read(0n, 0);
    expect(all.map(({ sequence }) => sequence)).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(await read(0n, 2)).toEqual(all.slice(0, 2));
    expect(await read(2n, 2)).toEqual(all.slice(2, 4));
    expect(await read(4n, 1_000)).toEqual(all.slice(4));
    expect(await read(5n, 0)).toEqual([]);
    expect(await read(2n ** 64n - 1n, 0)).toEqual([]);
  });

  it('has a chain that holds', async () => {
    const lines = await exported();
    expect(await verdictOn(lines)).toMatch(/^The chain holds: 5 entries\. The last hash is [0-9a-f]{64}\./);
    expect(await verdictOn([])).toBe('The chain holds: there are no entries.');
  });
});

describe('the verifier says where the chain is broken', () => {
  it('when an entry was altered', async () => {
    const lines = await exported();
    for (let i = 0; i < lines.length; i++) {
      const altered = lines.map((line, j) =>
        i === j ? line.replace('alice', 'mallo').replace('bob', 'bab') : line,
      );
      expect(altered).not.toEqual(lines);
      expect(await verdictOn(altered)).toMatch(
        new RegExp(`^The chain is broken at line ${i + 1}: entry ${i + 1}.* was altered`),
      );
    }
  });

  it('when a hash was altered too', async () => {
    const [first = '', ...others] = await exported();
    const forged = first.replace(/"hash":"[0-9a-f]{64}"/, `"hash":"${'0'.repeat(64)}"`);
    expect(await verdictOn([forged, ...others])).toContain('broken at line 1: entry 1 was altered');
  });

  it('when entries were dropped, swapped or doubled', async () => {
    const lines = await exported();
    expect(await verdictOn(lines.toSpliced(2, 1))).toBe('The chain is broken at line 3: entry 3 is missing.');
    expect(await verdictOn(lines.toSpliced(1, 3))).toBe(
      'The chain is broken at line 2: entries 2 to 4 are missing.',
    );
    expect(await verdictOn(lines.slice(1))).toBe('The chain is broken at line 1: entry 1 is missing.');
    const [one = '', two = '', ...rest] = lines;
    expect(await verdictOn([two, one, ...rest])).toContain('broken at line 1: entry 1 is missing');
    expect(await verdictOn([one, one, two, ...rest])).toContain(
      'broken at line 2: entry 1 stands where entry 2',
    );
  });

  it('when entries were swapped and numbered anew', async () => {
    const lines = await exported();
    const [one = '', two = '', three = '', ...rest] = lines;
    const swapped = [one, numbered(three, '2'), numbered(two, '3'), ...rest];
    expect(await verdictOn(swapped)).toContain(
      'broken at line 2: entry 2, or the hash of entry 1, was altered',
    );
  });

  it('when the end was cut off, beside a hash that was noted before', async () => {
    const lines = await exported();
    const verdict = await verifyAuditLines(lines);
    const noted = verdict.holds ? verdict.lastHash : undefined;
    expect(await verdictOn(lines, noted)).toContain('The chain holds: 5 entries');
    expect(await verdictOn(lines.slice(0, 4))).toContain('The chain holds: 4 entries');
    expect(await verdictOn(lines.slice(0, 4), noted)).toContain('no entry has the hash that was noted');
  });

  it('when a line is no entry', async () => {
    const [one = ''] = await exported();
    for (const noise of ['x', '{}', '[]', 'null', one.slice(0, -1), one.replace('"1"', '1')]) {
      expect(await verdictOn([noise])).toBe('The chain is broken at line 1: it is no entry of an audit log.');
    }
  });
});

describe('the commands', () => {
  it('export the log of a store and verify it, from a file or from standard input', () => {
    const [status, lines] = run('export-audit.ts', []);
    expect([status, lines.split('\n').length]).toEqual([0, 6]);
    expect(run('verify-audit.ts', [], lines)).toEqual([
      0,
      expect.stringContaining('The chain holds: 5 entries'),
    ]);
    const file = join(folder, 'audit.ndjson');
    writeFileSync(file, lines.replace('bob', 'eve'));
    expect(run('verify-audit.ts', [file])).toEqual([
      1,
      expect.stringContaining('The chain is broken at line 3'),
    ]);
    const noted = 'f'.repeat(64);
    expect(run('verify-audit.ts', ['--noted', noted], lines)).toEqual([1, expect.stringContaining('noted')]);
  });

  it('make a CA for small deployments, once', () => {
    const ca = join(folder, 'ca');
    const [status, words] = run('make-ca.ts', [DOMAIN, ca]);
    expect([status, words]).toEqual([
      0,
      expect.stringContaining(`CANOPY_X509_ISSUER_KEY_FILE=${ca}/issuer.key`),
    ]);
    expect(run('make-ca.ts', [DOMAIN, ca])[0]).not.toBe(0);
    expect(run('make-ca.ts', ['No Domain', ca])).toEqual([1, expect.stringContaining('usage')]);
  });
});
