/**
 * What happened in a run: every call with its interval and its answer, or the lack of one.
 *
 * Hashes and ids are hex text. Times are positions on one counter of the run, so that "before" is never a matter of clocks.
 *
 * @module
 */

/** When something was asked and when the answer was there, and by whom. */
export interface Interval {
  readonly client: string;
  readonly start: number;
  readonly end: number;
}

/** One entry of a group's log, as somebody saw it. */
export interface SeenEntry {
  readonly sequence: bigint;
  readonly kind: 'commit' | 'proposal' | 'application';
  readonly epoch: bigint;
  /** SHA-256 of the MLSMessage. */
  readonly hash: string;
}

/** No answer, or one that does not say whether it was done: it may be either. */
export interface Unknown {
  readonly outcome: 'unknown';
  readonly code: string;
}

/** An answer that says that nothing was done. */
export interface Refused {
  readonly outcome: 'refused';
  readonly code: string;
  readonly reason: string;
}

/** What a sender was told. */
export type AppendOutcome =
  | {
      readonly outcome: 'accepted';
      readonly sequence: bigint;
      readonly alreadyAccepted: boolean;
      /** What a receipt says, where there is one. */
      readonly receipt: Receipt | undefined;
    }
  | {
      readonly outcome: 'conflict';
      readonly currentEpoch: bigint;
      /** Hash of the commit that won; empty when the service no longer knows. */
      readonly winner: string;
      readonly entries: readonly SeenEntry[];
    }
  | { readonly outcome: 'rejected'; readonly reason: string }
  /** The log has lost something that it had accepted; nothing is appended until it is back. */
  | { readonly outcome: 'quarantined' }
  | Refused
  | Unknown;

/** The claims of a receipt for a commit. */
export interface Receipt {
  readonly epoch: bigint;
  readonly commitHash: string;
  readonly sequence: bigint;
  /** Hash of the receipt itself. */
  readonly hash: string;
  /** Hash of the receipt of the epoch before; empty for the first. */
  readonly previous: string;
}

/** A commit or a message that was offered to a group. */
export interface Append extends Interval {
  readonly kind: 'append';
  readonly group: string;
  readonly entry: Omit<SeenEntry, 'sequence'>;
  readonly requestId: string;
  /** The devices that a commit adds. */
  readonly recipients: readonly string[];
  /** Hash of the GroupInfo that a commit brings; empty for a message. */
  readonly groupInfo: string;
  readonly outcome: AppendOutcome;
}

/** What was read of a group's log, by page or on a stream. */
export interface Read extends Interval {
  readonly kind: 'read';
  readonly group: string;
  /** The epoch whose proof opened the log. */
  readonly epoch: bigint;
  readonly after: bigint;
  readonly entries: readonly SeenEntry[];
  /** The receipts of the commits among the entries. */
  readonly receipts: readonly Receipt[];
  /** Whether the service said that the proof opens nothing more for now. */
  readonly isEnd: boolean;
}

/** The GroupInfo that was served. */
export interface ReadGroupInfo extends Interval {
  readonly kind: 'groupInfo';
  readonly group: string;
  readonly epoch: bigint;
  readonly hash: string;
}

/** A KeyPackage that was offered to the directory. */
export interface Publish extends Interval {
  readonly kind: 'publish';
  readonly device: string;
  readonly hash: string;
  readonly lastResort: boolean;
  readonly outcome: { readonly outcome: 'stored' } | { readonly outcome: 'rejected' } | Refused | Unknown;
}

/** A KeyPackage that was handed out. */
export interface HandedOut {
  readonly device: string;
  readonly hash: string;
  readonly lastResort: boolean;
}

/** KeyPackages that were asked for. */
export interface Claim extends Interval {
  readonly kind: 'claim';
  readonly requestId: string;
  readonly outcome:
    { readonly outcome: 'answered'; readonly packages: readonly HandedOut[] } | Refused | Unknown;
}

/** Something that works once, used: a challenge of the Authentication Service or an enrolment code. */
export interface UseOnce extends Interval {
  readonly kind: 'useOnce';
  readonly what: 'challenge' | 'enrolmentCode';
  readonly id: string;
  /** What was got for it: the same again is not a second use. */
  readonly outcome: { readonly outcome: 'got'; readonly what: string } | Refused | Unknown;
}

/** A device's mailbox, read from its beginning to its end. */
export interface ReadMailbox extends Interval {
  readonly kind: 'mailbox';
  readonly device: string;
  readonly entries: readonly {
    readonly sequence: bigint;
    readonly group: string;
    readonly groupSequence: bigint;
  }[];
}

/** An answer that no service may give, whatever happens. */
export interface Surprise extends Interval {
  readonly kind: 'surprise';
  readonly method: string;
  readonly code: string;
  readonly message: string;
}

/** What was done to the services meanwhile; for the reader of an excerpt. */
export interface Fault extends Interval {
  readonly kind: 'fault';
  readonly fault: string;
}

/** One thing that happened. */
export type HistoryEvent =
  Append | Read | ReadGroupInfo | Publish | Claim | UseOnce | ReadMailbox | Surprise | Fault;

/** A run, and what was found when it was over and every service answered again. */
export interface History {
  readonly events: readonly HistoryEvent[];
  /** The whole log of each group. */
  readonly logs: ReadonlyMap<string, readonly SeenEntry[]>;
  /** Whether the directory was claimed empty at the end, so that what is missing is lost. */
  readonly isStockDrained: boolean;
  /** Whether every mailbox was read when no Welcome was on its way any more. */
  readonly areMailboxesSettled: boolean;
}
