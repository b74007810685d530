/**
 * Sends the spans of the process to a collector of OpenTelemetry, when it is told of one.
 *
 * @module
 */
import { context, diag, DiagLogLevel, propagation, trace } from '@opentelemetry/api';
import type { Logger } from './logger.ts';

/** Where traces go, and how many. */
export interface TracingOptions {
  /** The base address of a collector that takes OTLP over HTTP; undefined: nothing is traced. */
  readonly endpoint: string | undefined;
  /** Of how many traces one is kept, chosen by the trace's id: all services keep the same ones. */
  readonly oneIn: number;
  /** The name of the process. */
  readonly service: string;
  readonly log: Logger;
}

/** Traces that are sent. */
export interface Tracing {
  /** Sends what is left and stops. */
  stop(): Promise<void>;
}

// Also the longest time by which a collector that is away holds up the end of the process.
const EXPORT_TIMEOUT_MS = 2_000;
const MAX_QUEUED_SPANS = 4_096;

/** Begins to trace, for the whole process. The packages for it are loaded only here. */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const { endpoint, log } = options;
  if (endpoint === undefined) {
    return { stop: () => Promise.resolve() };
  }
  const complain = (text: string): void => log.warn({ event: 'tracing', text });
  diag.setLogger(
    { error: complain, warn: complain, info: complain, debug: complain, verbose: complain },
    DiagLogLevel.WARN,
  );
  const provider = await createProvider(endpoint, options);
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const { W3CTraceContextPropagator } = await import('@opentelemetry/core');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return {
    async stop() {
      trace.disable();
      propagation.disable();
      context.disable();
      try {
        await provider.shutdown();
      } catch (error) {
        log.warn({ event: 'tracing', err: error });
      }
      diag.disable();
    },
  };
}

async function createProvider(endpoint: string, { oneIn, service }: TracingOptions) {
  const sdk = await import('@opentelemetry/sdk-trace-base');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const share = new sdk.TraceIdRatioBasedSampler(1 / oneIn);
  return new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.namespace': 'canopy', 'service.name': service }),
    // A caller may ask to be left out, but not to be let in beyond the share.
    sampler: new sdk.ParentBasedSampler({ root: share, remoteParentSampled: share }),
    // A collector that is away costs spans, never memory.
    spanProcessors: [
      new sdk.BatchSpanProcessor(exporter, {
        maxQueueSize: MAX_QUEUED_SPANS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
}
