/**
 * Fetches a small JSON document over HTTP, within bounds.
 *
 * @module
 */
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';

/** How documents are fetched. */
export interface FetchOptions {
  /** Certificates to trust in PEM; those of the system when not given. */
  readonly ca?: Buffer;
  readonly timeoutMs: number;
}

/** A key set or a discovery document has some kilobytes. */
const MAX_LENGTH = 262_144;

/** Fetches and parses a document; follows no redirection. @throws Error when there is none in time */
export async function fetchJson(url: URL, { ca, timeoutMs }: FetchOptions): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { signal, headers: { accept: 'application/json' } };
    const request =
      url.protocol === 'https:'
        ? getHttps(url, { ...options, ...(ca && { ca }) }, resolve)
        : getHttp(url, options, resolve);
    request.once('error', reject);
  });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`${url.href} answered ${response.statusCode}`);
  }
  return JSON.parse(await readText(response));
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_LENGTH) throw new Error(`more than ${MAX_LENGTH} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
