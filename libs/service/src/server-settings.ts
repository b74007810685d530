/**
 * The settings that all services share.
 *
 * @module
 */
import type { ConfigOf } from './config.ts';
import { choice, duration, flag, integer, optional, path, port, text, webAddress } from './settings.ts';

/** The settings that every service has: spread them into the service's own schema. */
export const serverSettings = {
  host: text({ env: 'CANOPY_HOST', description: 'address to listen on', default: '127.0.0.1' }),
  port: port({ env: 'CANOPY_PORT', description: 'port to listen on, 0 for any free one', default: '0' }),
  tlsCertificate: optional(
    path({
      env: 'CANOPY_TLS_CERTIFICATE',
      description: 'certificate chain in PEM; without it the service speaks in the clear',
    }),
  ),
  tlsKey: optional(path({ env: 'CANOPY_TLS_KEY', description: 'private key of the certificate in PEM' })),
  reflection: flag({
    env: 'CANOPY_REFLECTION',
    description: 'whether clients may ask for the API (gRPC server reflection)',
    default: 'false',
  }),
  maxMessageBytes: integer({
    env: 'CANOPY_MAX_MESSAGE_BYTES',
    description: 'largest request and response',
    default: String(4 * 1024 * 1024),
    minimum: 1_024,
    maximum: 64 * 1024 * 1024,
  }),
  maxConcurrentStreams: integer({
    env: 'CANOPY_MAX_CONCURRENT_STREAMS',
    description: 'calls at a time on one connection',
    default: '1000',
    minimum: 1,
    maximum: 100_000,
  }),
  keepalive: duration({
    env: 'CANOPY_KEEPALIVE',
    description: 'silence after which a connection is pinged',
    default: '60s',
    minimumMs: 1_000,
    maximumMs: 86_400_000,
  }),
  keepaliveTimeout: duration({
    env: 'CANOPY_KEEPALIVE_TIMEOUT',
    description: 'time after which a connection that does not answer a ping is given up, with all its calls',
    default: '20s',
    minimumMs: 100,
    maximumMs: 3_600_000,
  }),
  healthInterval: duration({
    env: 'CANOPY_HEALTH_INTERVAL',
    description: 'pause between two looks at the store',
    default: '2s',
    minimumMs: 100,
    maximumMs: 3_600_000,
  }),
  drainTimeout: duration({
    env: 'CANOPY_DRAIN_TIMEOUT',
    description: 'time that running calls get to end on SIGTERM',
    default: '10s',
    maximumMs: 3_600_000,
  }),
  exitWithParent: flag({
    env: 'CANOPY_EXIT_WITH_PARENT',
    description:
      'whether to drain when standard input closes, so that a parent process takes its services along',
    default: 'false',
  }),
  logLevel: choice({
    env: 'CANOPY_LOG_LEVEL',
    description: 'least important line to log',
    default: 'info',
    words: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
  }),
  metricsPort: optional(
    port({
      env: 'CANOPY_METRICS_PORT',
      description: 'port for Prometheus to read metrics from; without it none are served',
    }),
  ),
  metricsHost: text({
    env: 'CANOPY_METRICS_HOST',
    description: 'address for that port: whoever reaches it reads all metrics',
    default: '127.0.0.1',
  }),
  otlpEndpoint: optional(
    webAddress({
      env: 'CANOPY_OTLP_ENDPOINT',
      description: 'where traces are sent to by OpenTelemetry (OTLP over HTTP); without it none are made',
    }),
  ),
  traceOneIn: integer({
    env: 'CANOPY_TRACE_ONE_IN',
    description: 'of how many calls one is traced',
    default: '1',
    minimum: 1,
    maximum: 1_000_000,
  }),
} as const;

/** What every service is configured with. */
export type ServerConfig = ConfigOf<typeof serverSettings>;
