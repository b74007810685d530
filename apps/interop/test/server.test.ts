import { callUnary, CallError, connect, mlsClient } from '@canopy/contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { readArguments } from '../src/arguments.ts';
import { startServer, type RunningServer } from '../src/server.ts';
import { Stage } from './stage.ts';

let server: RunningServer;
let client: mlsClient.MLSClientClient;

beforeAll(async () => {
  server = await startServer({ host: '127.0.0.1', port: 0, grease: true });
  client = connect(mlsClient.MLSClientClient, { address: `127.0.0.1:${server.port}` });
});
afterAll(() => {
  client.close();
  server.stop();
});

async function statusOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    if (error instanceof CallError) return error.code;
    throw error;
  }
}

describe('the interop server', () => {
  it('has every call of the interface, by the names that the runner dials', () => {
    const paths = Object.values(mlsClient.MLSClientService).map(({ path }) => path);
    expect(paths).toHaveLength(34);
    for (const path of paths) expect(path).toMatch(/^\/mls_client\.MLSClient\/[A-Z]\w+$/);
  });

  it('says who it is and that it plays all suites', async () => {
    expect(await callUnary(client, 'name', {})).toEqual({ name: 'Canopy' });
    expect(await callUnary(client, 'supportedCiphersuites', {})).toEqual({
      ciphersuites: [1, 2, 3, 4, 5, 6, 7],
    });
  });

  it('does not know states, suites and bytes that are none', async () => {
    expect(await statusOf(callUnary(client, 'stateAuth', { stateId: 999_999 }))).toBe('NOT_FOUND');
    expect(await statusOf(callUnary(client, 'free', { stateId: 999_999 }))).toBe('NOT_FOUND');
    const identity = Buffer.from('somebody');
    expect(await statusOf(callUnary(client, 'createKeyPackage', { cipherSuite: 99, identity }))).toBe(
      'INVALID_ARGUMENT',
    );
    const stage = new Stage([client], 1, true);
    const [alice] = stage.five;
    await stage.createGroup(alice);
    const garbage = { stateId: alice.stateId, ciphertext: Buffer.from('garbage') };
    expect(await statusOf(callUnary(client, 'unprotect', garbage))).toBe('INVALID_ARGUMENT');
    expect(await statusOf(callUnary(client, 'handlePendingCommit', { stateId: alice.stateId }))).toBe(
      'INVALID_ARGUMENT',
    );
    expect(await statusOf(callUnary(client, 'stateAuth', { stateId: alice.stateId }))).toBe('OK');
  });

  it('reads its command line in plain words', () => {
    expect(readArguments(['--port', '0'])).toEqual({ host: '127.0.0.1', port: 0, grease: false });
    expect(readArguments(['--help'])).toBeUndefined();
    expect(() => readArguments(['--port', 'x'])).toThrow('--port expects a whole number');
  });
});
