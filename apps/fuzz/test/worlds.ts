import { Counts } from '../src/counts.ts';
import { actions, runWorld, type Action } from '../src/structure/run-world.ts';
import { patient } from '../src/watcher.ts';
import { WorldError } from '../src/world-error.ts';

export const anyWorld = { members: undefined, suite: 1, steps: undefined };

/** What a world has come to: what it did, and what was found. */
export interface Life {
  readonly counts: Counts;
  readonly finding: WorldError | undefined;
}

/** Lets a world live in which something more can happen than usual. */
export async function live(
  seed: number,
  options: Partial<Record<keyof typeof anyWorld, number>> = {},
  planted: readonly Action[] = [],
): Promise<Life> {
  const counts = new Counts();
  const all = [...actions, ...planted.map((act) => [15, 'planted', act] as const)];
  try {
    await runWorld({ seed, options: { ...anyWorld, ...options }, actions: all }, counts, patient);
    return { counts, finding: undefined };
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    return { counts, finding: error };
  }
}
