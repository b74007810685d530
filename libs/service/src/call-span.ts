/**
 * Spans of OpenTelemetry for calls, as parts of the traces that the callers began (W3C Trace Context in the metadata).
 *
 * Nothing here sends anything: unless `startTracing` or the embedding process has registered a tracer, spans are empty.
 *
 * @module
 */
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type TextMapGetter,
} from '@opentelemetry/api';
import type { Metadata } from '@grpc/grpc-js';

/** The span of one call. */
export interface CallSpan {
  /** The id of the trace, when the call is traced. */
  readonly traceId: string | undefined;
  /** Runs work inside of the span. */
  run<T>(work: () => T): T;
  /** Ends the span with the name and the number of its status. */
  end(code: string, number: number): void;
}

/** The name that the spans are made under. */
const TRACER = 'canopy';

const getter: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, key) => metadata.get(key).map(String),
};

/** Statuses that a server answers for by its own fault (OpenTelemetry's conventions for gRPC servers). */
const SERVER_FAULTS: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

/** Begins the span of a call. */
export function startCallSpan(path: string, metadata: Metadata): CallSpan {
  const parent = propagation.extract(ROOT_CONTEXT, metadata, getter);
  const [, service = '', method = ''] = path.split('/');
  const attributes = { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method };
  const span = trace
    .getTracer(TRACER)
    .startSpan(path.slice(1), { kind: SpanKind.SERVER, attributes }, parent);
  const inside = trace.setSpan(parent, span);
  return {
    traceId: span.isRecording() ? span.spanContext().traceId : undefined,
    run: (work) => context.with(inside, work),
    end(code, number) {
      span.setAttribute('rpc.grpc.status_code', number);
      if (SERVER_FAULTS.has(code)) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      }
      span.end();
    },
  };
}

/** A step within a call that is over. */
export interface PastStep {
  /** Made of words of the code: no id, no identity. */
  readonly name: string;
  /** When it began, as `performance.now()` said. */
  readonly begin: number;
  readonly failed: boolean;
}

/** Records a step that ends now as a span within the current one; where nothing is traced it does nothing. */
export function recordSpan({ name, begin, failed }: PastStep): void {
  const around = context.active();
  if (trace.getSpan(around)?.isRecording() !== true) {
    return;
  }
  const startTime = performance.timeOrigin + begin;
  const span = trace.getTracer(TRACER).startSpan(name, { kind: SpanKind.INTERNAL, startTime }, around);
  if (failed) {
    // No message: it may hold what was asked for.
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(performance.timeOrigin + performance.now());
}
