import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { channelOptions, connect, delivery, openStream } from '@canopy/contract';
import { credentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startLink, type FrozenLink } from './frozen-link.ts';
import { startToy, type SubscribeStream, type Toy, type ToyOptions } from './toy-directory.ts';

let toy: Toy | undefined;
let link: FrozenLink | undefined;

/** Serves streams that say one thing and then only listen; the promise tells how the first of them ends. */
async function start(options: ToyOptions = {}): Promise<Toy & { readonly ended: Promise<boolean> }> {
  const ended = Promise.withResolvers<boolean>();
  toy = await startToy(
    {
      async *subscribe(requests, { signal }) {
        try {
          yield { response: { $case: 'mailboxLive', value: {} } };
          for await (const _ of requests) {
            // Nothing is asked for in these tests.
          }
        } finally {
          ended.resolve(signal.aborted);
        }
      },
    },
    // A cut link does not close in order: nothing is gained by waiting for it.
    { ...options, environment: { CANOPY_DRAIN_TIMEOUT: '100ms', ...options.environment } },
  );
  return { ...toy, ended: ended.promise };
}

afterEach(async () => {
  link?.close();
  await toy?.close();
  toy = undefined;
  link = undefined;
});

async function firstOf(stream: SubscribeStream): Promise<AsyncIterator<unknown>> {
  const responses = stream.responses[Symbol.asyncIterator]();
  await responses.next();
  return responses;
}

describe('a connection', () => {
  it('is pinged by the service when it is silent', async () => {
    const served = await start({ environment: { CANOPY_KEEPALIVE: '1s' } });
    const session = connectHttp2(`http://${served.address}`);
    await once(session, 'ping');
    session.destroy();
  });

  it('that does not answer pings is given up by the service, and its streams with it', async () => {
    const served = await start({
      environment: { CANOPY_KEEPALIVE: '1s', CANOPY_KEEPALIVE_TIMEOUT: '100ms' },
    });
    link = await startLink(served.running.port);
    const client = connect(delivery.DeliveryServiceClient, { address: link.address });
    await firstOf(openStream(client, 'subscribe'));
    link.freeze();
    expect(await served.ended).toBe(true);
    client.close();
  });

  it('that does not answer pings is given up by the client, and its streams are told', async () => {
    const served = await start();
    link = await startLink(served.running.port);
    const options = channelOptions();
    expect(options).toMatchObject({ 'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 10_000 });
    const client = new delivery.DeliveryServiceClient(link.address, credentials.createInsecure(), {
      ...options,
      'grpc.keepalive_time_ms': 200,
      'grpc.keepalive_timeout_ms': 100,
    });
    const responses = await firstOf(openStream(client, 'subscribe'));
    link.freeze();
    await expect(responses.next()).rejects.toMatchObject({ name: 'CallError', code: 'UNAVAILABLE' });
    client.close();
  });

  it('is told to go elsewhere when the service drains: GOAWAY, without an error', async () => {
    const served = await start();
    const session = connectHttp2(`http://${served.address}`);
    await once(session, 'remoteSettings');
    const away = once(session, 'goaway');
    await served.running.drain();
    expect((await away)[0]).toBe(0);
    session.destroy();
  });
});

describe('the end of a service', () => {
  it('does not wait longer than the timeout for a store that does not close', async () => {
    const served = await start({
      environment: { CANOPY_DRAIN_TIMEOUT: '50ms' },
      onClosed: () => new Promise(() => undefined),
    });
    await served.running.drain();
    expect(served.logLines.some((line) => line.includes('close-timeout'))).toBe(true);
  });

  it('comes although the handler of the drain fails', async () => {
    const served = await start({ onDrain: () => Promise.reject(new Error('no')) });
    await served.running.drain();
    expect(served.logLines.some((line) => line.includes('drain-failed'))).toBe(true);
  });
});
