/**
 * Spans of OpenTelemetry for the calls of a client, and the W3C Trace Context that tells the service about them.
 *
 * Where the embedding application has registered no tracer, the spans are empty and no metadata is added.
 *
 * @module
 */
import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type TextMapSetter,
} from '@opentelemetry/api';
import { status, type Metadata } from '@grpc/grpc-js';
import type { StatusName } from './call-error.ts';

/** The span of one call. */
export interface ClientSpan {
  /** Writes into the metadata of the call which trace it belongs to. */
  writeInto(metadata: Metadata): void;
  end(code: StatusName): void;
}

/** The name that the spans are made under. */
const TRACER = 'canopy';

const setter: TextMapSetter<Metadata> = { set: (metadata, key, value) => metadata.set(key, value) };

/** Begins the span of a call of the method with that name, within the current span if there is one. */
export function startClientSpan(method: string): ClientSpan {
  const around = context.active();
  const attributes = { 'rpc.system': 'grpc', 'rpc.method': method };
  const span = trace.getTracer(TRACER).startSpan(method, { kind: SpanKind.CLIENT, attributes }, around);
  return {
    writeInto: (metadata) => propagation.inject(trace.setSpan(around, span), metadata, setter),
    end(code) {
      span.setAttribute('rpc.grpc.status_code', status[code]);
      if (code !== 'OK') {
        span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      }
      span.end();
    },
  };
}
