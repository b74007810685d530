/**
 * Steps of the registry that append to the audit log.
 *
 * Redis cannot hash as the log is chained. So the caller hashes, upon the end of the log as it believes it to be; when another
 * one was faster, the step does nothing but tell the end, and is tried again. The steps of one process wait for each other, so
 * that only other replicas can be faster.
 *
 * @module
 */
import { auditHash } from '../audit-chain.ts';
import { isAway, StorageError } from '../errors.ts';
import type { AuditRecord } from '../registry.ts';
import type { RedisConnection } from './connection.ts';
import { toBigInt, toBytes, toList, toText } from './reply.ts';
import type { Argument, Script } from './script.ts';

/** A step that is recorded: its script begins with registry-audit.lua. */
export interface RecordedStep {
  readonly script: Script;
  /** The keys behind the one of the log. */
  readonly keys: readonly string[];
  /** The arguments behind those of the log. */
  readonly arguments: readonly Argument[];
  readonly entry: Uint8Array;
  /** The outcome with which it has appended the entry; any other one has changed nothing. */
  readonly recorded: string;
}

/** What the step answered, and the entry that it appended if it did not refuse. */
export interface RecordedAnswer {
  readonly reply: readonly unknown[];
  readonly outcome: string;
  readonly record: AuditRecord;
}

interface Tip {
  readonly length: bigint;
  readonly hash: Uint8Array | undefined;
}

/** So many other writers in a row, and the store counts as away. */
const MAX_ATTEMPTS = 200;

interface Waiting {
  readonly step: RecordedStep;
  readonly resolve: (answer: RecordedAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** The end of the audit log, as this process knows it. */
export class AuditTip {
  readonly #connection: Pick<RedisConnection, 'run'>;
  readonly #key: string;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;
  #tip: Tip = { length: 0n, hash: undefined };

  constructor(connection: Pick<RedisConnection, 'run'>, key: string) {
    this.#connection = connection;
    this.#key = key;
  }

  /** Runs a step at the end of the log, after those that were asked for before. @throws StorageError */
  record(step: RecordedStep): Promise<RecordedAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ step, resolve, reject });
      if (!this.#isRunning) void this.#runWaiting();
    });
  }

  async #runWaiting(): Promise<void> {
    this.#isRunning = true;
    for (let first = this.#waiting.shift(); first !== undefined; first = this.#waiting.shift()) {
      try {
        first.resolve(await this.#record(first.step));
      } catch (error) {
        first.reject(error);
        // With a store that is away those behind would only wait for the next failure.
        if (isAway(error)) for (const { reject } of this.#waiting.splice(0)) reject(error);
      }
    }
    this.#isRunning = false;
  }

  async #record(step: RecordedStep): Promise<RecordedAnswer> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const tip = this.#tip;
      const record = next(tip, step.entry);
      const reply = toList(await this.#run(step, tip, record));
      const outcome = toText(reply[0]);
      if (outcome === step.recorded) this.#tip = { length: record.sequence, hash: record.hash };
      if (outcome !== 'auditMoved') return { reply, outcome, record };
      this.#tip = toTip(reply);
    }
    throw new StorageError('UNAVAILABLE', 'other writers of the audit log were always faster');
  }

  #run({ script, keys, ...step }: RecordedStep, tip: Tip, { hash, entry }: AuditRecord): Promise<unknown> {
    const log = [String(tip.length), tip.hash ?? '', hash, entry];
    return this.#connection.run(script, {
      keys: [this.#key, ...keys],
      arguments: [...log, ...step.arguments],
    });
  }
}

function next({ length, hash }: Tip, entry: Uint8Array): AuditRecord {
  return { sequence: length + 1n, entry, hash: auditHash(hash, entry) };
}

function toTip([, length, hash]: readonly unknown[]): Tip {
  const bytes = toBytes(hash);
  return { length: toBigInt(length), hash: bytes.length === 0 ? undefined : bytes };
}
