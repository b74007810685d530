/**
 * A Delivery Service of the simulation: it takes one commit for each epoch (RFC 9420 §14).
 *
 * @module
 */

import type { CommitOutcome, Envelope } from './envelope.ts';
import type { EpochRecord } from './epoch-record.ts';
import { find } from '../finding.ts';

/** A commit on its way to the service. */
export interface SubmittedCommit {
  readonly envelope: Envelope;
  readonly outcome: CommitOutcome;
  /** What its maker knows of the epoch that it starts. */
  readonly record: EpochRecord;
  /** What the service does when it takes the commit. */
  readonly onTaken: () => void;
}

/** What has become of a commit. */
export type Fate = 'open' | 'taken' | 'refused';

/** Orders commits and remembers what each epoch has to look like. */
export class Service {
  readonly #records = new Map<bigint, EpochRecord>();
  readonly #fates = new Map<number, Fate>();
  #inFlight: SubmittedCommit[] = [];
  #epoch: bigint;
  /** A ReInit was committed. */
  hasEnded = false;

  constructor(first: EpochRecord) {
    this.#epoch = first.epoch;
    this.#records.set(first.epoch, first);
  }

  get epoch(): bigint {
    return this.#epoch;
  }

  /** The commits that nobody has ordered yet. */
  get inFlight(): readonly SubmittedCommit[] {
    return this.#inFlight;
  }

  /** Gives what an epoch has to look like. */
  record(epoch: bigint): EpochRecord {
    return this.#records.get(epoch) ?? find(`the simulation knows nothing of epoch ${epoch}`);
  }

  /** Who is in the group as the service knows it. */
  get roster(): ReadonlySet<string> {
    return this.record(this.#epoch).names;
  }

  fateOf(id: number): Fate {
    return this.#fates.get(id) ?? 'open';
  }

  submit(commit: SubmittedCommit): void {
    this.#inFlight.push(commit);
  }

  /** Decides about a commit in flight: the first one for the epoch is taken. */
  order(commit: SubmittedCommit): Fate {
    this.#inFlight = this.#inFlight.filter((other) => other !== commit);
    const isTaken = commit.envelope.epoch === this.#epoch && !this.hasEnded;
    this.#fates.set(commit.envelope.id, isTaken ? 'taken' : 'refused');
    if (!isTaken) return 'refused';
    this.#epoch += 1n;
    this.#records.set(this.#epoch, commit.record);
    this.hasEnded = commit.outcome.endsGroup;
    return 'taken';
  }
}
