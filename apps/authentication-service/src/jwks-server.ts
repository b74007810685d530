/**
 * Serves the public keys over HTTP at `/.well-known/jwks.json` (RFC 7517, RFC 8615), for those who speak no gRPC.
 *
 * @module
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from '@canopy/service';
import type { AuthenticationConfig } from './config.ts';

const PATH = '/.well-known/jwks.json';
/** Much less than the time that a key is published before it signs. */
const HEADERS = { 'content-type': 'application/jwk-set+json', 'cache-control': 'public, max-age=10' };
const LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
};

/**
 * Serves a key set on the HTTP port of the configuration, if there is one, with TLS when the gRPC port has it.
 * Logs one line `{"event":"listening-http","port":…}`; gives what ends it.
 */
export async function serveJwks(
  jwksJson: () => Promise<string>,
  config: AuthenticationConfig,
  log: Logger,
): Promise<() => Promise<void>> {
  if (config.httpPort === undefined) return () => Promise.resolve();
  const server = createServer(config, respondWith(jwksJson, log));
  server.maxConnections = 256;
  server.listen(config.httpPort, config.host);
  await once(server, 'listening');
  log.info({ event: 'listening-http', port: portOf(server.address()) });
  return () => close(server);
}

function createServer(config: AuthenticationConfig, listener: RequestListener): Server {
  const { tlsCertificate, tlsKey } = config;
  if (tlsCertificate === undefined || tlsKey === undefined) return createHttpServer(LIMITS, listener);
  return createHttpsServer(
    { ...LIMITS, cert: readFileSync(tlsCertificate), key: readFileSync(tlsKey) },
    listener,
  );
}

function respondWith(jwksJson: () => Promise<string>, log: Logger): RequestListener {
  return (request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== PATH) {
      response.writeHead(404).end();
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
    } else {
      jwksJson().then(
        (json) => response.writeHead(200, HEADERS).end(json),
        (error: unknown) => {
          log.warn({ event: 'keys-not-served', err: error });
          response.writeHead(503, { 'retry-after': '5' }).end();
        },
      );
    }
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('the server has no TCP port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}
