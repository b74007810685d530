/**
 * A key directory and a delivery service with toy handlers, served in process on loopback.
 *
 * @module
 */
import { connect, delivery, directory, type Stream } from '@canopy/contract';
import {
  anonymous,
  bindService,
  createLogger,
  readConfig,
  serve,
  serverSettings,
  bidi,
  unary,
  type BidiHandler,
  type BoundService,
  type CallOptions,
  type Incident,
  type RunningService,
  type ServeOptions,
  type UnaryHandler,
} from '../src/index.ts';

/** Handlers that a test cares about; the others answer with nothing. */
export interface ToyHandlers {
  readonly publish?: UnaryHandler<
    directory.PublishKeyPackagesRequest,
    directory.PublishKeyPackagesResponse,
    undefined
  >;
  readonly count?: UnaryHandler<
    directory.CountKeyPackagesRequest,
    directory.CountKeyPackagesResponse,
    undefined
  >;
  readonly subscribe?: BidiHandler<delivery.SubscribeRequest, delivery.SubscribeResponse, undefined>;
}

/** A toy that is up, with a client for each of its services. */
export interface Toy {
  readonly running: RunningService;
  readonly address: string;
  readonly directory: directory.KeyDirectoryServiceClient;
  readonly delivery: delivery.DeliveryServiceClient;
  readonly logLines: string[];
  readonly incidents: Incident[];
  close(): Promise<void>;
}

/** How a toy differs from the usual. */
export interface ToyOptions extends Partial<Pick<ServeOptions, 'isHealthy' | 'onDrain' | 'onClosed'>> {
  readonly environment?: NodeJS.ProcessEnv;
  readonly calls?: Partial<CallOptions<undefined>>;
}

export type SubscribeStream = Stream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

/** Serves a toy on a free port of loopback. */
export async function startToy(handlers: ToyHandlers, options: ToyOptions = {}): Promise<Toy> {
  const logLines: string[] = [];
  const incidents: Incident[] = [];
  const log = createLogger({
    service: 'toy',
    level: 'debug',
    destination: { write: (line) => void logLines.push(line) },
  });
  const calls = {
    authenticate: anonymous,
    log,
    onIncident: (incident: Incident) => void incidents.push(incident),
    ...options.calls,
  };
  const { environment, ...life } = options;
  const config = readConfig(serverSettings, { CANOPY_DRAIN_TIMEOUT: '5s', ...environment });
  const services = [bindDirectory(calls, handlers), bindDelivery(calls, handlers)];
  const running = await serve({ name: 'toy', config, services, log, ...life });
  const address = `127.0.0.1:${running.port}`;
  const toy = {
    directory: connect(directory.KeyDirectoryServiceClient, { address }),
    delivery: connect(delivery.DeliveryServiceClient, { address }),
  };
  return {
    ...toy,
    running,
    address,
    logLines,
    incidents,
    async close() {
      toy.directory.close();
      toy.delivery.close();
      await running.drain();
    },
  };
}

// Only the calls that tests of the kit make: what else the contract has is no matter of the kit.
function bindDirectory(calls: CallOptions<undefined>, handlers: ToyHandlers): BoundService {
  const { publishKeyPackages, countKeyPackages } = directory.KeyDirectoryServiceService;
  return bindService(
    { publishKeyPackages, countKeyPackages },
    {
      publishKeyPackages: unary(calls, handlers.publish ?? (() => Promise.resolve({ results: [] }))),
      countKeyPackages: unary(calls, handlers.count ?? (() => Promise.resolve({ counts: [] }))),
    },
  );
}

function bindDelivery(calls: CallOptions<undefined>, handlers: ToyHandlers): BoundService {
  const { subscribe } = delivery.DeliveryServiceService;
  return bindService({ subscribe }, { subscribe: bidi(calls, handlers.subscribe ?? silent) });
}

async function* silent(): AsyncGenerator<delivery.SubscribeResponse> {}
