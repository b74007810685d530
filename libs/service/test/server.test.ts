import { callUnary, connect, directory, openStream, readServiceError } from '@canopy/contract';
import {
  logVerbosity,
  Metadata,
  setLogVerbosity,
  type Client,
  type ServiceError as GrpcError,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readConfig, serve, createLogger, serverSettings, ConfigError } from '../src/index.ts';
import { startToy, type Toy, type ToyHandlers, type ToyOptions } from './toy-directory.ts';

const DIRECTORY = 'canopy.directory.v1.KeyDirectoryService';
const SERVING = 1;
const NOT_SERVING = 2;

let toy: Toy | undefined;

async function start(handlers: ToyHandlers = {}, options?: ToyOptions): Promise<Toy> {
  toy = await startToy(handlers, options);
  return toy;
}

afterEach(async () => {
  await toy?.close();
  toy = undefined;
});

function raw(bytes: Buffer): Buffer {
  return bytes;
}

/** A message of grpc.health.v1 or grpc.reflection.v1 with nothing but one short text. */
function textField(number: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, text.length]), Buffer.from(text)]);
}

function healthOf(client: Client, service: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const options = { deadline: Date.now() + 10_000 };
  client.makeUnaryRequest(
    '/grpc.health.v1.Health/Check',
    raw,
    raw,
    textField(1, service),
    new Metadata(),
    options,
    (error: GrpcError | null, response?: Buffer) =>
      error === null ? resolve(response?.[1]) : reject(readServiceError(error)),
  );
  return promise;
}

function listServices(client: Client): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = client.makeBidiStreamRequest(
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    raw,
    raw,
    new Metadata(),
    {},
  );
  call.on('data', (bytes: Buffer) => resolve(bytes.toString('latin1')));
  call.on('error', (error) => reject(readServiceError(error)));
  call.write(textField(7, '*'));
  call.end();
  return promise;
}

describe('the health of a service', () => {
  it('follows the store, for the whole and for each service', async () => {
    let storeAnswers = true;
    const { running, directory: client } = await start({}, { isHealthy: () => storeAnswers });
    expect([await healthOf(client, ''), await healthOf(client, DIRECTORY)]).toEqual([SERVING, SERVING]);
    storeAnswers = false;
    await running.checkHealth();
    expect([await healthOf(client, ''), await healthOf(client, DIRECTORY)]).toEqual([
      NOT_SERVING,
      NOT_SERVING,
    ]);
    // Restarting the process would not bring the store back.
    expect(await healthOf(client, 'liveness')).toBe(SERVING);
    storeAnswers = true;
    await running.checkHealth();
    expect([await healthOf(client, ''), await healthOf(client, DIRECTORY)]).toEqual([SERVING, SERVING]);
  });

  it('is no when the check itself fails', async () => {
    const { directory: client } = await start(
      {},
      { isHealthy: () => Promise.reject(new Error('no such file')) },
    );
    expect(await healthOf(client, '')).toBe(NOT_SERVING);
  });

  it('is looked at again without being asked', async () => {
    const third = Promise.withResolvers<void>();
    let looks = 0;
    await start(
      {},
      {
        environment: { CANOPY_HEALTH_INTERVAL: '100ms' },
        isHealthy() {
          looks += 1;
          if (looks === 3) {
            third.resolve();
          }
          return true;
        },
      },
    );
    await third.promise;
    expect(looks).toBe(3);
  });

  it('is NOT_FOUND for a service that is not here', async () => {
    const { directory: client } = await start();
    await expect(healthOf(client, 'canopy.nowhere.v1.NoService')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('reflection', () => {
  it('lists the services that are served and no others', async () => {
    const { directory: client } = await start({}, { environment: { CANOPY_REFLECTION: 'true' } });
    const services = await listServices(client);
    expect(services).toContain(DIRECTORY);
    expect(services).toContain('canopy.delivery.v1.DeliveryService');
    expect(services).not.toContain('AuthenticationService');
  });

  it('is off unless it is asked for', async () => {
    const { directory: client } = await start();
    await expect(listServices(client)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });
});

describe('draining', () => {
  it('lets running calls end, tells streams, refuses new calls, then closes the store', async () => {
    const story: string[] = [];
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const drained = Promise.withResolvers<void>();
    const started = await start(
      {
        async count() {
          arrived.resolve();
          await release.promise;
          story.push('call ends');
          return { counts: [directory.StockCount.decode(new Uint8Array())] };
        },
        async *subscribe() {
          yield { response: { $case: 'mailboxLive', value: {} } };
          await drained.promise;
          yield { response: { $case: 'draining', value: {} } };
        },
      },
      { onDrain: () => drained.resolve(), onClosed: () => void story.push('store closes') },
    );
    const responses = openStream(started.delivery, 'subscribe').responses[Symbol.asyncIterator]();
    await responses.next();
    const call = callUnary(started.directory, 'countKeyPackages', {});
    await arrived.promise;

    const ending = started.running.drain();
    expect((await responses.next()).value).toEqual({ response: { $case: 'draining', value: {} } });
    expect((await responses.next()).done).toBe(true);
    const late = connect(directory.KeyDirectoryServiceClient, { address: started.address });
    await expect(callUnary(late, 'countKeyPackages', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    late.close();
    release.resolve();
    expect((await call).counts).toHaveLength(1);
    await ending;
    expect(story).toEqual(['call ends', 'store closes']);
  });

  it('does not wait longer than the timeout for a stream that does not end', async () => {
    const started = await start(
      {
        async *subscribe(requests) {
          yield { response: { $case: 'mailboxLive', value: {} } };
          for await (const _ of requests) {
            // Only the caller or the end of the connection ends this one.
          }
        },
      },
      { environment: { CANOPY_DRAIN_TIMEOUT: '50ms' } },
    );
    const responses = openStream(started.delivery, 'subscribe').responses[Symbol.asyncIterator]();
    await responses.next();
    await started.running.drain();
    await expect(responses.next()).rejects.toMatchObject({ name: 'CallError' });
    expect(started.logLines.some((line) => line.includes('drain-timeout'))).toBe(true);
  });

  it('tells who watches the health, and does not wait for them', async () => {
    const started = await start();
    const call = started.directory.makeServerStreamRequest(
      '/grpc.health.v1.Health/Watch',
      raw,
      raw,
      textField(1, ''),
      new Metadata(),
      {},
    );
    const statuses: (number | undefined)[] = [];
    for await (const bytes of call) {
      statuses.push(Buffer.isBuffer(bytes) ? bytes[1] : undefined);
      if (statuses.length === 1) {
        void started.running.drain();
      }
    }
    await started.running.drain();
    expect(statuses).toEqual([SERVING, NOT_SERVING]);
    expect(started.logLines.some((line) => line.includes('drain-timeout'))).toBe(false);
  });
});

describe('serving', () => {
  it('says in one line of the log where it listens', async () => {
    const { logLines, running } = await start();
    const lines = logLines.map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'listening', service: 'toy', port: running.port }),
    );
  });

  it('refuses to start on a port that is taken', async () => {
    const { running } = await start();
    setLogVerbosity(logVerbosity.NONE);
    await expect(startToy({}, { environment: { CANOPY_PORT: String(running.port) } })).rejects.toThrow(
      /EADDRINUSE/,
    );
  });

  it('refuses a certificate without its key', async () => {
    const config = readConfig(serverSettings, { CANOPY_TLS_CERTIFICATE: 'cert.pem' });
    const log = createLogger({ service: 'toy', level: 'silent' });
    await expect(serve({ name: 'toy', config, services: [], log })).rejects.toBeInstanceOf(ConfigError);
  });
});
