/**
 * What a contract suite is run on.
 *
 * @module
 */

/** A fresh, empty place to store things. */
export interface Bench<Port> {
  /** Opens the port; called again, it is another connection to the same data where the store has such a thing. */
  open(): Promise<Port>;
  end(): Promise<void>;
}

/** Makes a bench for one test. */
export type StartBench<Port> = () => Promise<Bench<Port>>;

/** Runs a test on a bench of its own. */
export function on<Port>(
  start: StartBench<Port>,
  story: (port: Port, bench: Bench<Port>) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const bench = await start();
    try {
      await story(await bench.open(), bench);
    } finally {
      await bench.end();
    }
  };
}

/** Bytes that stand for something, readable in a failing test. */
export function named(name: string): Uint8Array {
  return new Uint8Array(new TextEncoder().encode(name));
}

/** Somebody who is woken: counts the calls, and waits for the next one. */
export interface Sleeper {
  readonly wake: () => void;
  calls(): number;
  next(): Promise<void>;
}

/** Makes a sleeper that nobody has woken yet. */
export function sleeper(): Sleeper {
  let calls = 0;
  let waiting: (() => void)[] = [];
  return {
    wake: () => {
      calls++;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    calls: () => calls,
    next: () => new Promise((resolve) => waiting.push(resolve)),
  };
}
