/**
 * Fetches the official MLS test vectors into `.vectors/`, each checked against its SHA-256 sum: `node tools/fetch-vectors.ts`.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COMMIT = 'cfd450286d1bfd9cd2519b95c80f9771f94a5b1a';
const SOURCE = `https://raw.githubusercontent.com/mlswg/mls-implementations/${COMMIT}/test-vectors`;

// The largest file has some 30 MB.
const MAX_BYTES = 128 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

/** What to fetch, and where to put it. */
export type Order = {
  readonly source: string;
  readonly folder: string;
  /** SHA-256 sums in hexadecimal, by file name. */
  readonly sums: ReadonlyMap<string, string>;
};

/** Reads lines of the form `<sum>  <path>`, as sha256sum writes them. */
export function parseSums(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const { sum, name } =
          /^(?<sum>[0-9a-f]{64})\s+\*?(?:.*\/)?(?<name>[\w.-]+)$/.exec(line)?.groups ?? {};
        if (sum === undefined || name === undefined) throw new Error(`not a line of sums: ${line}`);
        return [name, sum];
      }),
  );
}

/**
 * Fetches what is not there yet. A file whose sum is wrong is not kept.
 *
 * @throws Error naming the file, when it cannot be had or is another one
 */
export async function fetchVectors(order: Order): Promise<readonly string[]> {
  mkdirSync(order.folder, { recursive: true });
  const fetched: string[] = [];
  for (const [name, sum] of order.sums) {
    const path = join(order.folder, name);
    if (existsSync(path) && sumOf(readFileSync(path)) === sum) continue;
    const bytes = await download(`${order.source}/${name}`);
    if (sumOf(bytes) !== sum) throw new Error(`${name}: SHA-256 is ${sumOf(bytes)}, expected ${sum}`);
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
    fetched.push(name);
  }
  return fetched;
}

async function download(url: string): Promise<Uint8Array> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    throw new Error(`${url}: cannot be reached`, { cause: error });
  });
  if (!answer.ok || answer.body === null) throw new Error(`${url}: answered ${answer.status}`);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.body) {
    length += piece.length;
    if (length > MAX_BYTES) throw new Error(`${url}: larger than ${MAX_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function sumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const sums = parseSums(readFileSync(join(root, 'libs/vectors/SHA256SUMS'), 'utf8'));
  const folder = join(root, '.vectors');
  try {
    const fetched = await fetchVectors({ source: SOURCE, folder, sums });
    console.log(`.vectors: ${sums.size} files, ${fetched.length} fetched`);
  } catch (error) {
    console.error(`vectors: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
