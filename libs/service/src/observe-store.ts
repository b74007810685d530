/**
 * Looks over a store's shoulder: how long each step takes, and which call it belongs to.
 *
 * @module
 */
import { Counter, Histogram } from 'prom-client';
import { recordSpan } from './call-span.ts';
import { processMetrics, SECONDS } from './metrics.ts';

const registers = [processMetrics.registry];
const STEP = ['port', 'step'] as const;

const seconds = new Histogram({
  name: 'canopy_store_seconds',
  help: 'Time that a step of the store took',
  labelNames: STEP,
  buckets: [...SECONDS],
  registers,
});
const failures = new Counter({
  name: 'canopy_store_failures_total',
  help: 'Steps of the store that failed',
  labelNames: STEP,
  registers,
});

/**
 * Gives the same store with every step timed: the ports are its properties, the steps are the methods of a port that give
 * promises. Only the names of ports and steps go into metrics and spans, never what they are given.
 */
export function observeStore<Store extends object>(store: Store): Store {
  const ports = new Map<string | symbol, unknown>();
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (isMethod(value)) {
        return (...given: readonly unknown[]) => Reflect.apply(value, target, given);
      }
      if (typeof value !== 'object' || value === null) {
        return value;
      }
      const port = ports.get(name) ?? observePort(value, String(name));
      ports.set(name, port);
      return port;
    },
  });
}

function observePort<Port extends object>(port: Port, name: string): Port {
  const steps = new Map<string | symbol, unknown>();
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (!isMethod(value)) {
        return value;
      }
      const step = steps.get(property) ?? observeStep(target, value, { port: name, step: String(property) });
      steps.set(property, step);
      return step;
    },
  });
}

type Step = (...given: readonly unknown[]) => unknown;

function observeStep(
  port: object,
  method: Step,
  labels: Readonly<Record<(typeof STEP)[number], string>>,
): Step {
  const duration = seconds.labels(labels);
  const failed = failures.labels(labels);
  const name = `${labels.port}.${labels.step}`;
  const end = (begin: number, failure: boolean): void => {
    duration.observe((performance.now() - begin) / 1_000);
    recordSpan({ name, begin, failed: failure });
  };
  const watch = async (running: Promise<unknown>, begin: number): Promise<unknown> => {
    try {
      const result = await running;
      end(begin, false);
      return result;
    } catch (error) {
      failed.inc();
      end(begin, true);
      throw error;
    }
  };
  return (...given) => {
    // SQLite does its work before it gives the promise.
    const begin = performance.now();
    const result = Reflect.apply(method, port, given);
    return result instanceof Promise ? watch(result, begin) : result;
  };
}

function isMethod(value: unknown): value is Step {
  return typeof value === 'function';
}
