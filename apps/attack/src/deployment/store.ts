/**
 * What the services keep things in, and how it can be hurt.
 *
 * @module
 */
import type { StoreKind } from '../arguments.ts';
import type { Fault } from '../history/faults.ts';

/** A store that runs. */
export interface AttackedStore {
  /** What the services have to be told about it. */
  readonly settings: NodeJS.ProcessEnv;
  readonly faults: readonly Fault[];
  stop(): Promise<void>;
}

const EMBEDDED: AttackedStore = { settings: {}, faults: [], stop: () => Promise.resolve() };

/** Starts a store. @throws Error when there is no Docker engine, and one is needed */
export async function startStore(kind: StoreKind): Promise<AttackedStore> {
  if (kind === 'sqlite') return EMBEDDED;
  throw new Error(`not yet: ${kind}`);
}
