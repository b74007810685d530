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
  /** GroupInfo of epoch 0, where commits are to be checked against the public state of the group, or guests may join. */
  readonly groupInfo?: Uint8Array | undefined;
  /** The ratchet tree of epoch 0, where the GroupInfo does not carry it. */
  readonly ratchetTree?: Uint8Array | undefined;
  readonly nowMs: number;
}

/** `same`: the group was opened before with this suite and this key of epoch 0. `exists`: another group has the id. */
export type CreateGroupOutcome = { readonly outcome: 'created' | 'same' | 'exists' };

/** What the receipt for a commit says beyond what the log knows of it: given with the commit, kept with the epoch that it ended. */
export interface ReceiptFacts {
  readonly acceptedAtMs: number;
  /** Hash of the receipt for the commit before; empty for the first commit of a group. */
  readonly previousReceiptHash: Uint8Array;
  /** Names the key that signs it, so that the same receipt can be made again later. */
  readonly keyId: string;
}

/** How an epoch ended: everything that the receipt for its commit is made from. */
export interface EpochEnd extends ReceiptFacts {
  /** Sequence number of the commit. */
  readonly sequence: bigint;
  readonly commitHash: Uint8Array;
  /** Public key that proves membership of the next epoch. */
  readonly nextAccessKey: Uint8Array;
}

/** Which key proves membership of an epoch, and how far the epoch reaches into the log. */
export interface EpochAccess {
  readonly epoch: bigint;
  readonly accessKey: Uint8Array;
  /** Undefined for the current epoch. */
  readonly ended: EpochEnd | undefined;
}

/** A point that a group's log is known to have reached: the commit that ended an epoch. */
export interface LogMark {
  readonly epoch: bigint;
  readonly sequence: bigint;
}

/** Where a group stands. */
export interface GroupSummary {
  readonly cipherSuite: number;
  readonly epoch: bigint;
  /** Number of the newest entry, 0 for an empty log. */
  readonly lastSequence: bigint;
  /** The current epoch first, then the recent ones backwards, as many as the store is configured for. */
  readonly accessKeys: readonly EpochAccess[];
  /** Set while the log is known to have lost what it had accepted: nothing is appended until it has reached this mark again. */
  readonly quarantinedUntil: LogMark | undefined;
}

/** One joiner's part of a Welcome, on its way to the mailbox of a device. */
export interface WelcomeSlice {
  readonly device: string;
  readonly welcome: Uint8Array;
}

/** Names a ratchet tree that is kept in the log of its group: who knows the hash may read the tree. */
export interface TreeReference {
  /** SHA-256 of the encoded tree. */
  readonly hash: Uint8Array;
  /** In bytes. */
  readonly size: number;
}

/** A part of the ratchet tree of an epoch. */
export interface TreeChunkQuery {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  /** In bytes. */
  readonly offset: number;
  readonly maxBytes: number;
}

/** Some bytes of an encoded ratchet tree, and what the whole of it is. */
export interface TreeChunk {
  readonly tree: TreeReference;
  readonly bytes: Uint8Array;
}

/** Lets one guest in, once, up to and including the time of its expiry: a member registers the hash of the guest's token. */
export interface NewTicket {
  readonly groupId: Uint8Array;
  /** SHA-256 of the token. */
  readonly tokenHash: Uint8Array;
  /** The epoch whose member makes it: who is no longer a member when it is registered leaves no ticket behind. */
  readonly epoch: bigint;
  readonly expiresAtMs: number;
  readonly nowMs: number;
  /** The most tickets of a group that are neither used nor expired. */
  readonly maxTickets: number;
}

/** `epochOver`: the group is in another epoch. `same`: the ticket waits already. `used`: it was used and has not expired since. */
export type TicketOutcome = {
  readonly outcome: 'added' | 'same' | 'used' | 'full' | 'epochOver' | 'unknownGroup';
};

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
  readonly receipt: ReceiptFacts;
  /** SHA-256 of the token of a ticket that the commit uses up (judged at `receipt.acceptedAtMs`). */
  readonly ticketHash?: Uint8Array | undefined;
  /** Whether all tickets of the group that are open then end with it; they are forgotten, and may be registered again. */
  readonly revokesTickets?: boolean | undefined;
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
  readonly nowMs: number;
}

/**
 * What became of something offered to the log; every outcome but `accepted` leaves the store as it was. Of several reasons
 * the first of these is given: unknownGroup, alreadyAccepted or requestIdReused, quarantined, conflict, ticketInvalid.
 *
 * `alreadyAccepted`: the request id stands in the log with the same kind, epoch and content; or it is a commit with the hash of
 * the one that ended its epoch, under whatever request id and however long ago; or it is a message with the kind, epoch and
 * bytes of one that was restored (the first of them), whose request id is lost: so a retry never makes a duplicate.
 */
export type AppendOutcome =
  | { readonly outcome: 'accepted' | 'alreadyAccepted'; readonly sequence: bigint }
  | {
      readonly outcome: 'conflict';
      readonly currentEpoch: bigint;
      /** Hash of the commit that ended the offered epoch; undefined when that epoch has not ended. */
      readonly winningCommitHash: Uint8Array | undefined;
    }
  | { readonly outcome: 'quarantined'; readonly until: LogMark }
  /** `ticketInvalid`: the ticket is unknown, used or expired. */
  | { readonly outcome: 'requestIdReused' | 'unknownGroup' | 'ticketInvalid' };

/** What an entry of the log holds. */
export type LogEntryKind = 'commit' | MessageKind;

/** One entry of a group's log. */
export type LogEntry = {
  readonly sequence: bigint;
  /** The epoch that the message was made in; a commit ends it. */
  readonly epoch: bigint;
  readonly message: Uint8Array;
} & ({ readonly kind: 'commit'; readonly ended: EpochEnd } | { readonly kind: MessageKind });

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
  /** The tree that the GroupInfo does not carry, to be read by chunks. */
  readonly tree: TreeReference | undefined;
}

/** An entry that the log had accepted and lost, handed in again by a member. */
export interface LostMessage {
  readonly sequence: bigint;
  readonly epoch: bigint;
  readonly kind: MessageKind;
  readonly message: Uint8Array;
}

/** A commit that the log had accepted and lost, with the messages before it, shown by its receipt. */
export interface Restoration {
  readonly groupId: Uint8Array;
  /** The messages between the end of the log and the commit, in their order, without holes. */
  readonly messages: readonly LostMessage[];
  readonly epoch: bigint;
  /** How the epoch ended, as the receipt says. */
  readonly ended: EpochEnd;
  readonly commit: Uint8Array;
  /** GroupInfo of the epoch that the commit begins; a fresh one by a member will do. */
  readonly groupInfo: Uint8Array;
  readonly ratchetTree?: Uint8Array | undefined;
  readonly nowMs: number;
}

/**
 * `restored`: the log has the commit again. `alreadyThere`: it had it. `contradicts`: another commit ended this epoch, or another
 * entry stands in the commit's place. `gap`: an epoch before is missing, or the messages do not begin where the log ends, or do
 * not reach the commit.
 */
export type RestoreOutcome = {
  readonly outcome: 'restored' | 'alreadyThere' | 'contradicts' | 'gap' | 'unknownGroup';
};

/** How long entries are kept. */
export interface Retention {
  readonly nowMs: number;
  readonly maxAgeMs: number;
  /** The most entries of one group. */
  readonly maxEntries: number;
  /** The most entries that one call removes, so that it ends soon. */
  readonly budget: number;
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
  /** The epoch that the Welcome leads to, and its tree, where the Welcome does not carry it. */
  readonly epoch: bigint;
  readonly tree: TreeReference | undefined;
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

  /**
   * Compares the epoch and appends, for each message by itself; answers in the order of the messages. Messages of one group
   * that are given together stand in the log in their order. One durable write may serve many of them, also of several calls.
   */
  appendMessages(messages: readonly NewMessage[]): Promise<readonly AppendOutcome[]>;

  /** Reads entries in order; an unknown group reads as empty. A first entry that is not the next one: retention has removed some. */
  read(query: LogQuery): Promise<readonly LogEntry[]>;

  /** Finds the GroupInfo of the current epoch; undefined until there was one. */
  groupInfo(groupId: Uint8Array): Promise<StoredGroupInfo | undefined>;

  /**
   * Reads a part of the ratchet tree of an epoch. The trees of the current epoch and of epochs that began with a Welcome are
   * kept, the latter until {@link prune} finds them too old; undefined when there is none.
   */
  readTree(query: TreeChunkQuery): Promise<TreeChunk | undefined>;

  /** Registers a ticket, which `appendCommit` uses up. */
  addTicket(ticket: NewTicket): Promise<TicketOutcome>;

  /** Tells whether a ticket is neither used nor expired. */
  hasTicket(groupId: Uint8Array, tokenHash: Uint8Array, nowMs: number): Promise<boolean>;

  /**
   * Stops all appends to a group whose log was shown to have lost accepted entries, until {@link restore} has brought it to
   * the mark again: the commit of the mark's epoch is there. Of several marks the one of the latest epoch counts.
   * `notBehind`: the log reaches the mark, or an entry that came after the loss has its place, so that it cannot be reached.
   */
  quarantine(
    groupId: Uint8Array,
    until: LogMark,
  ): Promise<{ readonly outcome: 'quarantined' | 'notBehind' | 'unknownGroup' }>;

  /**
   * Puts lost entries back in their places, all or none. Ends the quarantine when its mark is reached, and also when an entry
   * that came after the loss has a place: then what was lost cannot come back, and the group goes on with what the log has.
   * The request ids of the entries and the Welcomes of the commit stay lost.
   */
  restore(restoration: Restoration): Promise<RestoreOutcome>;

  /**
   * Removes the oldest entries beyond the limits, with the request ids that they are known by, and trees and tickets: the trees
   * of epochs that are over and began longer ago than the age, the tickets that have expired. Never removes the newest entry of a group, nor what its epochs are known by. Gives how many entries went.
   */
  prune(retention: Retention): Promise<number>;

  /**
   * Goes through the Welcomes of all groups that were not completed yet, up to `limit` at a time, those of a group in their
   * order. One that is not completed does not keep others from their turn. What cannot be read now is left out; after the last page that is thrown.
   */
  pendingOutbox(limit: number): AsyncIterable<readonly OutboxEntry[]>;

  /** Forgets Welcomes that are in their mailboxes now; those that are forgotten already do not matter. */
  completeOutbox(delivered: readonly OutboxKey[]): Promise<void>;

  /** Calls the listener after appends to a group. See {@link WakeUp}. */
  onAppend(groupId: Uint8Array, listener: WakeUp): Unsubscribe;
}

/** Requires what every store requires of a commit before it takes it. @throws RangeError when two Welcomes are for one device */
export function requireOneWelcomePerDevice(commit: NewCommit): void {
  if (new Set(commit.welcomes.map(({ device }) => device)).size < commit.welcomes.length)
    throw new RangeError('two Welcomes for one device');
}
