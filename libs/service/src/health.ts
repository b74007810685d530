/**
 * The standard health service (grpc.health.v1), following the truth.
 *
 * @module
 */
import type { Server, ServerWritableStream } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { inTime } from './in-time.ts';

/** Says whether the service can do its work now: whether its store answers. */
export type HealthCheck = () => boolean | Promise<boolean>;

/** How health is followed. */
export interface HealthOptions {
  /** The full names of the services that are served. */
  readonly services: readonly string[];
  readonly isHealthy: HealthCheck;
  readonly intervalMs: number;
  /** Hears of every change. */
  readonly onChange: (healthy: boolean) => void;
}

const CHECK_TIMEOUT_MS = 5_000;
/** The name under which the process itself is alive, whatever its store does: who restarts it for the store makes nothing better. */
const LIVENESS = 'liveness';

/** The health of a process: looks at the store again and again until it is drained. */
export class Health {
  readonly #implementation = new HealthImplementation({ [LIVENESS]: 'SERVING' });
  readonly #watchers = new Set<ServerWritableStream<unknown, unknown>>();
  readonly #options: HealthOptions;
  #timer: NodeJS.Timeout | undefined;
  #healthy: boolean | undefined;
  #draining = false;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** Adds the health service to a server. */
  addTo(server: Server): void {
    this.#implementation.addToServer({
      addService: (definition, { watch, ...others }) => {
        const follow = (call: ServerWritableStream<unknown, unknown>): void => {
          this.#watchers.add(call);
          call.on('cancelled', () => this.#watchers.delete(call));
          Reflect.apply(watch ?? (() => undefined), undefined, [call]);
        };
        server.addService(definition, { ...others, watch: follow });
      },
    });
  }

  /** Looks at the store once, and from then on regularly. */
  async start(): Promise<void> {
    await this.check();
    this.#schedule();
  }

  /** Looks at the store now. */
  async check(): Promise<void> {
    const healthy = await ask(this.#options.isHealthy);
    if (!this.#draining && healthy !== this.#healthy) {
      this.#healthy = healthy;
      this.#publish(healthy);
      this.#options.onChange(healthy);
    }
  }

  /** Says NOT_SERVING from now on, whatever the store says, and lets those go who watch. */
  drain(): void {
    this.#draining = true;
    clearTimeout(this.#timer);
    this.#publish(false);
    for (const watcher of this.#watchers) {
      watcher.end();
    }
  }

  #publish(healthy: boolean): void {
    for (const service of ['', ...this.#options.services]) {
      this.#implementation.setStatus(service, healthy ? 'SERVING' : 'NOT_SERVING');
    }
  }

  #schedule(): void {
    if (!this.#draining) {
      this.#timer = setTimeout(() => void this.start(), this.#options.intervalMs).unref();
    }
  }
}

/** A check that fails or hangs is an answer as well: no. */
async function ask(isHealthy: HealthCheck): Promise<boolean> {
  try {
    return await inTime(Promise.resolve(isHealthy()), CHECK_TIMEOUT_MS, false);
  } catch {
    return false;
  }
}
