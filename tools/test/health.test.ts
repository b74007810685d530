/**
 * The health probe of the images, run as Docker runs it, against a real gRPC server.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

const probe = join(import.meta.dirname, '../../docker/health.ts');
let server: Server;
let health: HealthImplementation;
let port: number;

beforeEach(async () => {
  server = new Server();
  health = new HealthImplementation({ '': 'SERVING' });
  health.addToServer(server);
  const bind = promisify<string, ServerCredentials, number>(server.bindAsync.bind(server));
  port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
});

afterEach(() => server.forceShutdown());

async function exitCode(): Promise<number> {
  const env = { ...process.env, CANOPY_PORT: String(port) };
  return promisify(execFile)(process.execPath, [probe], { env }).then(
    () => 0,
    (error: { code: number }) => error.code,
  );
}

describe('docker/health.ts', () => {
  it('succeeds while the server is serving', async () => {
    expect(await exitCode()).toBe(0);
  });

  it('fails while the server drains', async () => {
    health.setStatus('', 'NOT_SERVING');
    expect(await exitCode()).toBe(1);
  });

  it('fails when nobody listens', async () => {
    server.forceShutdown();
    expect(await exitCode()).toBe(1);
  });
});
