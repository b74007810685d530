import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { manualClock } from '@canopy/service';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fetchJson } from '../../src/oidc/fetch-json.ts';
import { ProviderKeys } from '../../src/oidc/provider-keys.ts';

let server: Server;
let base: string;
let answer: RequestListener;

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  base = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const fetched = (timeoutMs = 5_000): Promise<unknown> => fetchJson(new URL(base), { timeoutMs });

const find = (): Promise<unknown> => {
  const keys = new ProviderKeys({ issuer: base, clock: manualClock(0), timeoutMs: 1_000 });
  return keys.find({ alg: 'ES256', kid: 'k' }, { payload: '', signature: '' });
};

describe('fetching a document', () => {
  it('gives what it says', async () => {
    answer = (_, response) => void response.end('{"a":[1]}');
    expect(await fetched()).toEqual({ a: [1] });
  });

  it('refuses another status, a redirection too, and text that is no JSON', async () => {
    for (const [status, text] of [
      [404, '{}'],
      [500, '{}'],
      [302, '{}'],
      [200, 'hello'],
      [200, ''],
    ] as const) {
      answer = (_, response) => void response.writeHead(status, { location: base }).end(text);
      await expect(fetched()).rejects.toThrow();
    }
  });

  it('reads no more than a quarter of a megabyte', async () => {
    answer = (_, response) => void response.end(JSON.stringify('x'.repeat(262_143)));
    await expect(fetched()).rejects.toThrow('more than 262144 bytes');
    answer = (_, response) => void response.end(JSON.stringify('x'.repeat(262_142)));
    await expect(fetched()).resolves.toHaveLength(262_142);
  });

  it('does not wait for a server that says nothing, or that does not end', async () => {
    answer = () => {};
    await expect(fetched(100)).rejects.toThrow();
    answer = (_, response) => void response.write('{"a":');
    await expect(fetched(100)).rejects.toThrow();
  });
});

describe('discovering a provider', () => {
  it('does not believe a document of another issuer, or one that has no keys', async () => {
    const documents = [
      { issuer: 'https://other.example', jwks_uri: `${base}/jwks` },
      { issuer: `${base}/`, jwks_uri: `${base}/jwks` },
      { issuer: base },
      { issuer: base, jwks_uri: 'ftp://127.0.0.1/jwks' },
      { issuer: base, jwks_uri: `${base}/nothing` },
      [],
      null,
    ];
    for (const document of documents) {
      answer = (request, response) => {
        const isDocument = request.url === '/.well-known/openid-configuration';
        const keys = request.url === '/jwks' ? { keys: [] } : {};
        response.end(JSON.stringify(isDocument ? document : keys));
      };
      await expect(find()).rejects.toMatchObject({ name: 'ProviderAway' });
    }
  });

  it('says that a key is not there when the provider has others', async () => {
    answer = (request, response) => {
      const document = { issuer: base, jwks_uri: `${base}/jwks` };
      response.end(JSON.stringify(request.url === '/jwks' ? { keys: [] } : document));
    };
    await expect(find()).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });
});
