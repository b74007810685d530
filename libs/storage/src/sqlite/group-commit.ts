/**
 * Group commit: steps that are asked for in one turn of the process share a transaction, and wait for the disk together.
 *
 * @module
 */

/** The transaction that steps are run in. */
export interface Transactions {
  /** Runs a step alone among all writers of the file; it is durable on return, or has changed nothing when it throws. */
  write<T>(step: () => T): T;
  /** Runs a step inside of one; it has changed nothing when it throws. */
  nested<T>(step: () => T): T;
}

/** Settles the promise of a step, once its transaction is durable. */
type Settle = () => void;

interface WaitingStep {
  /** Runs the step. @throws what the step throws */
  readonly run: () => Settle;
  readonly reject: (error: unknown) => void;
}

/** The most steps of one transaction: a turn must not last for ever. */
const MAX_STEPS = 1024;

/** Collects steps and runs them. A step may be run twice, when it or one beside it throws: it works on the file only. */
export class GroupCommit {
  readonly #transactions: Transactions;
  #waiting: WaitingStep[] = [];

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  /** Runs a step soon, after those that were asked for before; its answer comes when it is durable. */
  add<T>(step: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.flush());
      const run = (): Settle => {
        const answer = step();
        return () => resolve(answer);
      };
      this.#waiting.push({ run, reject });
    });
  }

  /** Runs what is waiting now. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commit(this.#waiting.splice(0, MAX_STEPS));
  }

  #commit(steps: readonly WaitingStep[]): void {
    try {
      for (const settle of this.#run(steps)) settle();
    } catch (error) {
      for (const { reject } of steps) reject(error);
    }
  }

  #run(steps: readonly WaitingStep[]): readonly Settle[] {
    const [only, ...others] = steps;
    if (only !== undefined && others.length === 0) return [this.#transactions.write(only.run)];
    let hasBegun = false;
    try {
      return this.#transactions.write(() => {
        hasBegun = true;
        return steps.map(({ run }) => run());
      });
    } catch (error) {
      if (!hasBegun) throw error;
      // Savepoints cost time: they are set only when one of the steps has thrown.
      return this.#transactions.write(() => steps.map((step) => this.#runApart(step)));
    }
  }

  #runApart({ run, reject }: WaitingStep): Settle {
    try {
      return this.#transactions.nested(run);
    } catch (error) {
      return () => reject(error);
    }
  }
}
