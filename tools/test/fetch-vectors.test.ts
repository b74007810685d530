/**
 * Fetching of the vectors, against a server on loopback that stands in for the public repository.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { fetchVectors, parseSums } from '../fetch-vectors.ts';

const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const served = new Map<string, string>();
const asked: string[] = [];
let server: Server;
let folder: string;
let source: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'canopy-vectors-'));
  served.clear();
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const text = served.get(request.url ?? '');
    response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  source = `http://127.0.0.1:${address.port}/pinned`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  rmSync(folder, { recursive: true });
});

describe('fetchVectors', () => {
  it('keeps files with the right sum and asks only for those that are missing or changed', async () => {
    served.set('/pinned/a.json', '[1]').set('/pinned/b.json', '[2]');
    const sums = new Map([
      ['a.json', sumOf('[1]')],
      ['b.json', sumOf('[2]')],
    ]);
    expect(await fetchVectors({ source, folder, sums })).toEqual(['a.json', 'b.json']);
    writeFileSync(join(folder, 'b.json'), 'changed');
    expect(await fetchVectors({ source, folder, sums })).toEqual(['b.json']);
    expect(asked).toEqual(['/pinned/a.json', '/pinned/b.json', '/pinned/b.json']);
    expect(readFileSync(join(folder, 'b.json'), 'utf8')).toBe('[2]');
  });

  it('refuses a file with another sum and keeps nothing of it', async () => {
    served.set('/pinned/a.json', 'forged');
    const sums = new Map([['a.json', sumOf('[1]')]]);
    await expect(fetchVectors({ source, folder, sums })).rejects.toThrow(
      `a.json: SHA-256 is ${sumOf('forged')}, expected ${sumOf('[1]')}`,
    );
    expect(existsSync(join(folder, 'a.json'))).toBe(false);
  });

  it('names the file that the server does not have', async () => {
    const sums = new Map([['a.json', sumOf('[1]')]]);
    await expect(fetchVectors({ source, folder, sums })).rejects.toThrow('/pinned/a.json: answered 404');
  });

  it('names the file when nobody answers', async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    const sums = new Map([['a.json', sumOf('[1]')]]);
    await expect(fetchVectors({ source, folder, sums })).rejects.toThrow('/pinned/a.json: cannot be reached');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
});

describe('parseSums', () => {
  it('reads what sha256sum writes, with or without folders', () => {
    const [one, two] = [sumOf('1'), sumOf('2')];
    expect([...parseSums(`${one}  test-vectors/a.json\n${two} *b.json\n`)]).toEqual([
      ['a.json', one],
      ['b.json', two],
    ]);
  });

  it('refuses a line that is none', () => {
    expect(() => parseSums('beef  a.json')).toThrow('not a line of sums');
  });
});
