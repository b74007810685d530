/**
 * Serves gRPC services: binds, tells its health, drains.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { BoundService } from './bind-service.ts';
import { ConfigError } from './config.ts';
import { Health, type HealthCheck } from './health.ts';
import { inTime } from './in-time.ts';
import type { Logger } from './logger.ts';
import { serveMetrics } from './metrics-server.ts';
import { processMetrics } from './metrics.ts';
import { addReflection } from './reflection.ts';
import type { ServerConfig } from './server-settings.ts';
import { startTracing } from './tracing.ts';

/** What is served, and what belongs to its life. */
export interface ServeOptions {
  /** The name of the process in its logs. */
  readonly name: string;
  readonly config: ServerConfig;
  readonly services: readonly BoundService[];
  readonly log: Logger;
  /** Whether the store answers; always healthy when not given. */
  readonly isHealthy?: HealthCheck;
  /** Called when draining begins: tell the open streams to end. */
  readonly onDrain?: () => void | Promise<void>;
  /** Called when no call runs any more: close the store. */
  readonly onClosed?: () => void | Promise<void>;
}

/** A service that is up. */
export interface RunningService {
  /** The port that it listens on. */
  readonly port: number;
  /** The port that metrics are read from, when there is one. */
  readonly metricsPort: number | undefined;
  /** Looks at the health now instead of at the next interval. */
  checkHealth(): Promise<void>;
  /** Ends it in order, within the drain timeout; calling it again waits for the same end. */
  drain(): Promise<void>;
}

const healthGauge = processMetrics.gauge({
  name: 'canopy_healthy',
  help: 'Whether the store answers: 1 or 0',
  labels: {},
});

/** Serves until it is drained; logs one line `{"event":"listening","service":…,"port":…}` when it is up. */
export async function serve(options: ServeOptions): Promise<RunningService> {
  const { config, log, services } = options;
  const names = services.map((service) => service.name);
  const server = new Server(serverOptions(config));
  for (const { definition, handlers } of services) {
    server.addService(definition, handlers);
  }
  const health = new Health({
    services: names,
    isHealthy: options.isHealthy ?? (() => true),
    intervalMs: config.healthInterval,
    onChange(healthy) {
      log.info({ event: 'health', healthy });
      healthGauge.set({}, healthy ? 1 : 0);
    },
  });
  health.addTo(server);
  if (config.reflection) {
    addReflection(server, names);
  }
  await health.start();
  const port = await bind(server, config);
  const watch = await startWatch(options).catch((error: unknown) => {
    server.forceShutdown();
    throw error;
  });
  log.info({ event: 'listening', port });
  let draining: Promise<void> | undefined;
  return {
    port,
    metricsPort: watch.metricsPort,
    checkHealth: () => health.check(),
    drain: () => (draining ??= drain({ server, health, watch }, options)),
  };
}

/** What operators see of the process besides its log. */
interface Watch {
  readonly metricsPort: number | undefined;
  stop(): Promise<void>;
}

async function startWatch({ config, log, name }: ServeOptions): Promise<Watch> {
  const { metricsHost: host, metricsPort: port, otlpEndpoint: endpoint, traceOneIn: oneIn } = config;
  const metrics =
    port === undefined ? undefined : await serveMetrics({ host, port, metrics: processMetrics, log });
  const tracing = await startTracing({ endpoint, oneIn, service: name, log });
  return {
    metricsPort: metrics?.port,
    async stop() {
      await tracing.stop();
      await metrics?.close();
    },
  };
}

function serverOptions(config: ServerConfig): Record<string, number> {
  return {
    'grpc.max_receive_message_length': config.maxMessageBytes,
    'grpc.max_send_message_length': config.maxMessageBytes,
    'grpc.max_concurrent_streams': config.maxConcurrentStreams,
    'grpc.keepalive_time_ms': config.keepalive,
    'grpc.keepalive_timeout_ms': config.keepaliveTimeout,
  };
}

function bind(server: Server, config: ServerConfig): Promise<number> {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const security = securityOf(config);
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${config.port}`, security, (error, port) => {
      if (error === null) {
        resolve(port);
      } else {
        reject(error);
      }
    });
  });
}

function securityOf({ tlsCertificate, tlsKey }: ServerConfig): ServerCredentials {
  if (tlsCertificate === undefined && tlsKey === undefined) {
    return ServerCredentials.createInsecure();
  }
  if (tlsCertificate === undefined || tlsKey === undefined) {
    throw new ConfigError(['CANOPY_TLS_CERTIFICATE and CANOPY_TLS_KEY are only of use together']);
  }
  return ServerCredentials.createSsl(null, [
    { cert_chain: readFileSync(tlsCertificate), private_key: readFileSync(tlsKey) },
  ]);
}

/** What a running service is made of. */
interface Parts {
  readonly server: Server;
  readonly health: Health;
  readonly watch: Watch;
}

async function drain({ server, health, watch }: Parts, options: ServeOptions): Promise<void> {
  const { config, log } = options;
  log.info({ event: 'draining' });
  health.drain();
  if (!(await inTime(endCalls(server, options), config.drainTimeout, false))) {
    log.warn({ event: 'drain-timeout' });
    server.forceShutdown();
  }
  try {
    if (!(await inTime(close(options), config.drainTimeout, false))) {
      log.warn({ event: 'close-timeout' });
    }
  } finally {
    await watch.stop();
  }
  log.info({ event: 'drained' });
}

async function close({ onClosed }: ServeOptions): Promise<boolean> {
  await onClosed?.();
  return true;
}

async function endCalls(server: Server, options: ServeOptions): Promise<boolean> {
  // Refusing new calls comes first: a stream that is told to go must not come back here.
  const ended = new Promise<boolean>((resolve) => {
    server.tryShutdown((error) => resolve(error === undefined));
  });
  try {
    await options.onDrain?.();
  } catch (error) {
    options.log.error({ event: 'drain-failed', err: error });
  }
  return ended;
}
