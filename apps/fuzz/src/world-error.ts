/**
 * A finding with the place in the run where it was made.
 *
 * @module
 */

/** What has gone wrong, after which step, and what had happened before. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
  readonly step: number;
  readonly log: readonly string[];

  constructor(cause: unknown, { step, log }: Pick<WorldError, 'step' | 'log'>) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.step = step;
    this.log = log;
  }
}
