/**
 * Port of the Delivery Service: the totally ordered log of every group, with one commit per epoch (RFC 9420 §14).
 *
 * @module
 */
import type { Unsubscribe, WakeUp } from './wake-up.ts';

/** Opens a group at epoch 0. */
export interface NewGroup {
  readonly groupId: Uint8Array;
  readonly cipherSuite: number;
  /** Public key that proves membership of epoch 0. */
  readonly accessKey: Uint8Array;
}

/** `same`: the group was opened before with this suite and this key of epoch 0. `exists`: another group has the id. */
export type CreateGroupOutcome = { readonly outcome: 'created' | 'same' | 'exists' };

/** Which key proves membership of an epoch, and how far the epoch reaches into the log. */
export interface EpochAccess {
  readonly epoch: bigint;
  readonly accessKey: Uint8Array;
  /** Sequence number of the commit that ended the epoch; undefined for the current epoch. */
  readonly endedBySequence: bigint | undefined;
}

/** Where a group stands. */
export interface GroupSummary {
  readonly cipherSuite: number;
  readonly epoch: bigint;
  /** Number of the newest entry, 0 for an empty log. */
  readonly lastSequence: bigint;
  /** The current epoch first, then the recent ones backwards, as many as the store is configured for. */
  readonly accessKeys: readonly EpochAccess[];
}

/** One joiner's part of a Welcome, on its way to the mailbox of a device. */
export interface WelcomeSlice {
  readonly device: string;
  readonly welcome: Uint8Array;
  /** The ratchet tree that the joiner needs, where the Welcome does not carry it. */
  readonly ratchetTree?: Uint8Array | undefined;
}

/** A commit with everything that takes effect together with it. */
export interface NewCommit {
  readonly groupId: Uint8Array;
  /** The epoch that the commit ends. */
  readonly epoch: bigint;
  readonly requestId: Uint8Array;
  readonly commit: Uint8Array;
  /** A collision-free hash of `commit`; tells a repeated request from another one with the same id. */
  readonly commitHash: Uint8Array;
  /** GroupInfo of the epoch that the commit begins. */
  readonly groupInfo: Uint8Array;
  /** The ratchet tree of that epoch, where the GroupInfo does not carry it. */
  readonly ratchetTree?: Uint8Array | undefined;
  /** Public key that proves membership of that epoch. */
  readonly nextAccessKey: Uint8Array;
  /** At most one slice per device. */
  readonly welcomes: readonly WelcomeSlice[];
}

/** What a message may be that is not a commit. */
export type MessageKind = 'proposal' | 'application';

/** A proposal or an application message. */
export interface NewMessage {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly requestId: Uint8Array;
  readonly kind: MessageKind;
  readonly message: Uint8Array;
  /** How many epochs before the current one an application message may still speak for; a proposal never may. */
  readonly maxPastEpochs: number;
}

/** What became of something offered to the log; every outcome but `accepted` leaves the store as it was. */
export type AppendOutcome =
  | { readonly outcome: 'accepted' | 'alreadyAccepted'; readonly sequence: bigint }
  | {
      readonly outcome: 'conflict';
      readonly currentEpoch: bigint;
      /** Hash of the commit that ended the offered epoch; undefined when that epoch has not ended. */
      readonly winningCommitHash: Uint8Array | undefined;
    }
  | { readonly outcome: 'requestIdReused' | 'unknownGroup' };

/** What an entry of the log holds. */
export type LogEntryKind = 'commit' | MessageKind;

/** One entry of a group's log. */
export interface LogEntry {
  readonly sequence: bigint;
  readonly kind: LogEntryKind;
  /** The epoch that the message was made in; a commit ends it. */
  readonly epoch: bigint;
  readonly message: Uint8Array;
}

/** A page of a group's log. */
export interface LogQuery {
  readonly groupId: Uint8Array;
  readonly afterSequence: bigint;
  /** The most entries in the answer. */
  readonly limit: number;
  /** The most message bytes in the answer; the first entry is in it whatever its size, so that every reader gets on. */
  readonly maxBytes: number;
  /** The last entry that the reader may see. */
  readonly upToSequence?: bigint | undefined;
}

/** The GroupInfo of the current epoch, for an external commit (RFC 9420 §12.4.3.2). */
export interface StoredGroupInfo {
  readonly epoch: bigint;
  readonly groupInfo: Uint8Array;
  readonly ratchetTree: Uint8Array | undefined;
}

/** Names one Welcome of one commit. */
export interface OutboxKey {
  readonly groupId: Uint8Array;
  /** Sequence number of the commit that the Welcome belongs to. */
  readonly groupSequence: bigint;
  readonly device: string;
}

/** A Welcome that has not been brought to its mailbox, as far as is known. */
export interface OutboxEntry extends OutboxKey {
  readonly welcome: Uint8Array;
  readonly ratchetTree: Uint8Array | undefined;
}

/**
 * Logs of groups. Every method is one atomic step, also between processes. Sequence numbers of a group are 1, 2, 3 …
 * without holes and become visible in this order: who has seen n never later sees a smaller one appear. What is answered
 * `accepted` is durable. A store that cannot answer throws a `StorageError`; nothing is half done then, but the step may
 * have taken effect, and repeating it with the same request id tells.
 */
export interface GroupLog {
  /** Opens the log of a group, unless the id is taken. */
  createGroup(group: NewGroup): Promise<CreateGroupOutcome>;

  /** Finds where a group stands. */
  findGroup(groupId: Uint8Array): Promise<GroupSummary | undefined>;

  /** Finds the access key of any epoch of a group, however old: a device that was long away reads on with it. */
  findEpoch(groupId: Uint8Array, epoch: bigint): Promise<EpochAccess | undefined>;

  /**
   * Ends the current epoch with a commit: compares the epoch, appends the entry, keeps GroupInfo and tree, makes the next
   * access key the current one and puts the Welcomes into the outbox, all of it or nothing.
   *
   * @throws RangeError when two Welcomes are for one device.
   */
  appendCommit(commit: NewCommit): Promise<AppendOutcome>;

  /** Compares the epoch and appends a message. */
  appendMessage(message: NewMessage): Promise<AppendOutcome>;

  /** Reads entries in order; an unknown group reads as empty. */
  read(query: LogQuery): Promise<readonly LogEntry[]>;

  /** Finds the GroupInfo of the current epoch; undefined until the first commit. */
  groupInfo(groupId: Uint8Array): Promise<StoredGroupInfo | undefined>;

  /** Reads the oldest Welcomes of all groups that were not completed yet. */
  pendingOutbox(limit: number): Promise<readonly OutboxEntry[]>;

  /** Forgets Welcomes that are in their mailboxes now; those that are forgotten already do not matter. */
  completeOutbox(delivered: readonly OutboxKey[]): Promise<void>;

  /** Calls the listener after appends to a group. See {@link WakeUp}. */
  onAppend(groupId: Uint8Array, listener: WakeUp): Unsubscribe;
}
