import { callUnary, openStream, type delivery } from '@canopy/contract';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Metrics, permissionDenied, processMetrics } from '../src/index.ts';
import { startToy, type Toy, type ToyHandlers } from './toy-directory.ts';

let toy: Toy | undefined;

async function start(handlers: ToyHandlers = {}): Promise<Toy> {
  toy = await startToy(handlers, { environment: { CANOPY_METRICS_PORT: '0' } });
  return toy;
}

afterEach(async () => {
  await toy?.close();
  toy = undefined;
});

function get(served: Toy, path = '/metrics', init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${served.running.metricsPort}${path}`, init);
}

/** The value of one series, by its name and some of its labels; 0 while there is none. */
function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const line = text.split('\n').find((candidate) => {
    const [series = ''] = candidate.split(' ');
    const wanted = Object.entries(labels).map(([label, word]) => `${label}="${word}"`);
    return series.split('{')[0] === name && wanted.every((pair) => series.includes(pair));
  });
  return Number(line?.split(' ')[1] ?? 0);
}

const COUNT = { grpc_service: 'canopy.directory.v1.KeyDirectoryService', grpc_method: 'CountKeyPackages' };
const SUBSCRIBE = { grpc_service: 'canopy.delivery.v1.DeliveryService', grpc_method: 'Subscribe' };

describe('the metrics of a service', () => {
  it('are served on a port of their own, in the format of Prometheus, and nothing else is', async () => {
    const served = await start();
    expect(served.running.metricsPort).not.toBe(served.running.port);
    const response = await get(served);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    expect(await response.text()).toContain('\n# TYPE grpc_server_handled_total counter\n');
    expect((await get(served, '/')).status).toBe(404);
    expect((await get(served, '/metrics', { method: 'POST' })).status).toBe(405);
  });

  it('are not served unless a port is named, and then on loopback only', async () => {
    toy = await startToy({});
    expect(toy.running.metricsPort).toBeUndefined();
    expect(toy.logLines.join('')).not.toContain('"event":"metrics"');
  });

  it('go away with the service', async () => {
    const served = await start();
    await get(served);
    await served.running.drain();
    await expect(get(served)).rejects.toThrow('fetch failed');
  });

  it('count the rate, the errors and the duration of each method', async () => {
    let refuses = false;
    const served = await start({
      count: () => (refuses ? Promise.reject(permissionDenied('NO')) : Promise.resolve({ counts: [] })),
    });
    const before = await processMetrics.text();
    await callUnary(served.directory, 'countKeyPackages', {});
    await callUnary(served.directory, 'countKeyPackages', {});
    refuses = true;
    await expect(callUnary(served.directory, 'countKeyPackages', {})).rejects.toThrow('NO');
    const after = await (await get(served)).text();
    const grown = (name: string, labels: Readonly<Record<string, string>>): number =>
      valueOf(after, name, labels) - valueOf(before, name, labels);
    expect(grown('grpc_server_started_total', COUNT)).toBe(3);
    expect(grown('grpc_server_handled_total', { ...COUNT, grpc_code: 'OK' })).toBe(2);
    expect(grown('grpc_server_handled_total', { ...COUNT, grpc_code: 'PERMISSION_DENIED' })).toBe(1);
    expect(grown('grpc_server_handling_seconds_count', COUNT)).toBe(3);
    expect(grown('grpc_server_handling_seconds_sum', COUNT)).toBeGreaterThan(0);
  });

  it('count the end of a call that its caller cancels', async () => {
    const arrived = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const served = await start({
      async count(_, { signal }) {
        arrived.resolve();
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }).finally(left.resolve);
        return { counts: [] };
      },
    });
    const controller = new AbortController();
    const cancelled = { ...COUNT, grpc_code: 'CANCELLED' };
    const before = valueOf(await processMetrics.text(), 'grpc_server_handled_total', cancelled);
    const call = callUnary(served.directory, 'countKeyPackages', {}, { signal: controller.signal });
    await arrived.promise;
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await left.promise;
    const after = valueOf(await (await get(served)).text(), 'grpc_server_handled_total', cancelled);
    expect(after - before).toBe(1);
  });

  it('count every answer of a frame that has several', async () => {
    const accepted: delivery.SendMessageResponse['result'] = {
      $case: 'accepted',
      value: { sequence: 1n, alreadyAccepted: false },
    };
    const answers = [accepted, accepted, undefined].map((result) => ({
      requestId: new Uint8Array(),
      response: { result },
    }));
    const served = await start({
      async *subscribe(requests) {
        for await (const _ of requests) yield { response: { $case: 'sendAnswers', value: { answers } } };
      },
    });
    const before = await processMetrics.text();
    const stream = openStream(served.delivery, 'subscribe');
    await stream.send({ request: { $case: 'ping', value: { token: 1n } } });
    await stream.responses[Symbol.asyncIterator]().next();
    const after = await (await get(served)).text();
    const grown = (outcome: string): number => {
      const labels = { grpc_method: 'Subscribe', outcome };
      return (
        valueOf(after, 'canopy_outcomes_total', labels) - valueOf(before, 'canopy_outcomes_total', labels)
      );
    };
    expect([grown('sendAnswers.accepted'), grown('sendAnswers')]).toEqual([2, 1]);
    stream.cancel();
  });

  it('count open streams, what comes and goes on them, and what came of it', async () => {
    const response = {
      result: { $case: 'accepted' as const, value: { sequence: 1n, alreadyAccepted: false } },
    };
    const served = await start({
      async *subscribe(requests) {
        for await (const _ of requests) {
          yield {
            response: { $case: 'sendAnswer', value: { requestId: new Uint8Array(), response } },
          };
        }
      },
    });
    const before = await processMetrics.text();
    const stream = openStream(served.delivery, 'subscribe');
    const responses = stream.responses[Symbol.asyncIterator]();
    for (let sent = 0; sent < 3; sent += 1) {
      await stream.send({ request: { $case: 'ping', value: { token: 1n } } });
      await responses.next();
    }
    const during = await (await get(served)).text();
    const grown = (name: string, labels: Readonly<Record<string, string>>): number =>
      valueOf(during, name, labels) - valueOf(before, name, labels);
    expect(grown('canopy_open_streams', { grpc_method: 'Subscribe' })).toBe(1);
    expect(grown('grpc_server_msg_received_total', SUBSCRIBE)).toBe(3);
    expect(grown('grpc_server_msg_sent_total', SUBSCRIBE)).toBe(3);
    expect(grown('canopy_outcomes_total', { grpc_method: 'Subscribe', outcome: 'sendAnswer.accepted' })).toBe(
      3,
    );
    stream.finish();
    expect((await responses.next()).done).toBe(true);
    const after = await (await get(served)).text();
    expect(valueOf(after, 'canopy_open_streams', { grpc_method: 'Subscribe' })).toBe(
      valueOf(before, 'canopy_open_streams', { grpc_method: 'Subscribe' }),
    );
  });
});

describe('a metric of a service', () => {
  it('has every series from the beginning, so that nothing looks like no metric', async () => {
    const metrics = new Metrics();
    const commits = metrics.counter({
      name: 'canopy_commits_total',
      help: 'Commits',
      labels: { outcome: ['accepted', 'conflict'], by: ['call', 'stream'] },
    });
    commits.add({ outcome: 'conflict', by: 'stream' });
    commits.add({ outcome: 'conflict', by: 'stream' }, 2);
    const text = await metrics.text();
    expect(valueOf(text, 'canopy_commits_total', { outcome: 'conflict', by: 'stream' })).toBe(3);
    expect(text).toContain('canopy_commits_total{outcome="accepted",by="call"} 0');
    expect(text.match(/^canopy_commits_total\{/gm)).toHaveLength(4);
  });

  it('goes up and down as a gauge, and has a distribution as a histogram', async () => {
    const metrics = new Metrics();
    const stock = metrics.gauge({ name: 'canopy_stock', help: 'Stock', labels: {} });
    stock.set({}, 5);
    stock.add({}, -2);
    const lag = metrics.histogram({ name: 'canopy_lag', help: 'Lag', labels: {}, bounds: [1, 10] });
    lag.observe({}, 4);
    const text = await metrics.text();
    expect(valueOf(text, 'canopy_stock')).toBe(3);
    expect([
      valueOf(text, 'canopy_lag_bucket', { le: '1' }),
      valueOf(text, 'canopy_lag_bucket', { le: '10' }),
      valueOf(text, 'canopy_lag_count'),
    ]).toEqual([0, 1, 1]);
  });

  it('must have a name of its own in the right form, and no more series than can be overlooked', () => {
    const metrics = new Metrics();
    const help = 'Something';
    metrics.counter({ name: 'canopy_commits_total', help, labels: {} });
    const words = Array.from({ length: 40 }, (_, index) => `w${index}`);
    expect(() => metrics.gauge({ name: 'canopy_commits_total', help, labels: {} })).toThrow('already');
    expect(() => metrics.counter({ name: 'canopy_commits', help, labels: {} })).toThrow('_total');
    expect(() => metrics.gauge({ name: 'Commits', help, labels: {} })).toThrow('no name');
    expect(() => metrics.gauge({ name: 'canopy_many', help, labels: { a: words, b: words } })).toThrow(
      'too many series',
    );
  });
});
