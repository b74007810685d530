import { once } from 'node:events';
import { createServer } from 'node:http';
import { callUnary } from '@canopy/contract';
import { Metadata } from '@grpc/grpc-js';
import { context, propagation, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from '@jest/globals';
import { observeStore } from '../src/index.ts';
import { startToy, type Toy, type ToyOptions } from './toy-directory.ts';

/** A collector that keeps what it is sent. */
interface Collector {
  readonly endpoint: string;
  readonly paths: string[];
  /** All bodies, with the ids in them as hexadecimal digits beside their text. */
  text(): string;
  close(): void;
}

async function startCollector(): Promise<Collector> {
  const bodies: Buffer[] = [];
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`);
    request.on('data', (chunk: Buffer) => bodies.push(chunk));
    request.on('end', () => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    paths,
    text: () => `${Buffer.concat(bodies).toString('latin1')} ${Buffer.concat(bodies).toString('hex')}`,
    close: () => void server.close(),
  };
}

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';

let toy: Toy | undefined;
let collector: Collector | undefined;

async function start(environment: NodeJS.ProcessEnv, options: ToyOptions = {}): Promise<Toy> {
  const store = observeStore({
    stock: { count: (device: string) => Promise.resolve(device.length) },
  });
  toy = await startToy(
    {
      async count() {
        await store.stock.count('mimi://example.com/d/alice/secret-device');
        return { counts: [] };
      },
    },
    { environment, ...options },
  );
  return toy;
}

afterEach(async () => {
  await toy?.close();
  collector?.close();
  toy = undefined;
});

/** Calls as part of a trace that began in a client with OpenTelemetry of its own. */
function callFromElsewhere({ directory }: Toy, flags: string): Promise<unknown> {
  const metadata = new Metadata();
  metadata.set('traceparent', `00-${TRACE_ID}-${SPAN_ID}-${flags}`);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  directory.countKeyPackages({}, metadata, {}, (error, response) => resolve(error ?? response));
  return promise;
}

describe('traces', () => {
  it('go on across client, service and store, to a collector by OTLP', async () => {
    collector = await startCollector();
    const served = await start({ CANOPY_OTLP_ENDPOINT: collector.endpoint });
    // The client is part of this process, and of the trace of whoever uses it.
    const parent = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true };
    await context.with(trace.setSpanContext(context.active(), parent), () =>
      callUnary(served.directory, 'countKeyPackages', {}),
    );
    await served.running.drain();
    expect(collector.paths).toEqual(['POST /v1/traces']);
    const text = collector.text();
    const spans = text.split(TRACE_ID).length - 1;
    expect(spans).toBe(3);
    expect(text).toContain('countKeyPackages');
    expect(text).toContain('canopy.directory.v1.KeyDirectoryService/CountKeyPackages');
    expect(text).toContain('stock.count');
    expect(served.logLines.join('')).not.toContain('"event":"tracing"');
  });

  it('go on where a caller that is not ours says that they began', async () => {
    collector = await startCollector();
    const served = await start({ CANOPY_OTLP_ENDPOINT: collector.endpoint });
    await callFromElsewhere(served, '01');
    await served.running.drain();
    expect(collector.text().split(TRACE_ID)).toHaveLength(3);
  });

  it('are not made for a caller that asks to be left out', async () => {
    collector = await startCollector();
    const served = await start({ CANOPY_OTLP_ENDPOINT: collector.endpoint });
    await callFromElsewhere(served, '00');
    await served.running.drain();
    expect(collector.text()).not.toContain(TRACE_ID);
  });

  it('are kept of one call in so many, whatever the caller asks for', async () => {
    collector = await startCollector();
    const served = await start({ CANOPY_OTLP_ENDPOINT: collector.endpoint, CANOPY_TRACE_ONE_IN: '1000000' });
    await callFromElsewhere(served, '01');
    await served.running.drain();
    expect(collector.text()).not.toContain(TRACE_ID);
  });

  it('hold no identity and no token', async () => {
    collector = await startCollector();
    const served = await start({ CANOPY_OTLP_ENDPOINT: collector.endpoint });
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer hunter2');
    await callUnary(served.directory, 'countKeyPackages', {}, { metadata });
    await served.running.drain();
    expect(collector.text()).toContain('stock.count');
    expect(collector.text()).not.toContain('hunter2');
    expect(collector.text()).not.toContain('alice');
  });

  it('are kept in the log beside the request id', async () => {
    collector = await startCollector();
    const served = await start(
      { CANOPY_OTLP_ENDPOINT: collector.endpoint },
      { calls: { authenticate: () => Promise.reject(new Error('no')) } },
    );
    await callFromElsewhere(served, '01');
    const line = served.logLines.find((candidate) => candidate.includes('incident'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      requestId: expect.any(String),
      traceId: TRACE_ID,
    });
  });

  it('are not made without a collector', async () => {
    const served = await start({});
    await callFromElsewhere(served, '01');
    expect(propagation.fields()).toEqual([]);
    expect(trace.getTracer('canopy').startSpan('any').isRecording()).toBe(false);
    expect(served.logLines.join('')).not.toContain('traceId');
  });

  it('do not hold up the service when the collector is away', async () => {
    const served = await start({ CANOPY_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    await callFromElsewhere(served, '01');
    await served.running.drain();
    expect(served.logLines.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'warn', event: 'tracing' }),
    );
  });
});
