/**
 * Serves the metrics of the process to Prometheus, on a port of their own.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { collectDefaultMetrics } from 'prom-client';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** Where metrics are served. Whoever reaches the port reads all of them: loopback, or the network of the scraper only. */
export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Metrics that are served. */
export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 16;
const REQUEST_TIMEOUT_MS = 10_000;

/** Serves `GET /metrics`; logs one line `{"event":"metrics","port":…}` when it is up. */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, log, metrics } = options;
  if (metrics.registry.getSingleMetric('process_cpu_seconds_total') === undefined) {
    collectDefaultMetrics({ register: metrics.registry });
  }
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    answer(metrics, request, response).catch((error: unknown) => {
      log.error({ event: 'metrics-failed', err: error });
      end(response, 500, 'failed\n');
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen({ host, port: options.port }, listening.resolve);
  await listening.promise;
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  log.info({ event: 'metrics', port });
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(metrics: Metrics, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url !== '/metrics') {
    end(response, 404, 'there is only /metrics\n');
  } else if (request.method !== 'GET') {
    end(response, 405, 'there is only GET\n');
  } else {
    response.setHeader('content-type', metrics.registry.contentType);
    end(response, 200, await metrics.text());
  }
}

function end(response: ServerResponse, code: number, text: string): void {
  response.statusCode = code;
  response.end(text);
}
