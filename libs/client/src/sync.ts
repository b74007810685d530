/**
 * Follows the mailbox and all groups of a device over one stream, which is opened again whenever it breaks.
 *
 * @module
 */
import { CallError, delivery, openStream, type Stream } from '@canopy/contract';
import type { Conversations, Known } from './conversations.ts';
import { ClientError } from './errors.ts';
import type { Expulsion } from './expulsion.ts';
import { proveMembership } from './group-proof.ts';
import { toHex } from './hex.ts';
import { joinFromMailbox } from './join.ts';
import { LOG_TRUNCATED } from './faults.ts';
import type { Replica } from './replica.ts';
import { backoff, limitPause, pause } from './service-calls.ts';
import type { Surroundings } from './surroundings.ts';

type DeviceStream = Stream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

const MAILBOX = 'mailbox';

/** What the stream brings news to. */
export interface SyncParts {
  readonly conversations: Conversations;
  readonly expulsion: Expulsion;
  readonly onJoined: () => void;
}

/** The stream of a device. */
export class Sync {
  readonly #around: Surroundings;
  readonly #conversations: Conversations;
  readonly #expulsion: Expulsion;
  readonly #onJoined: () => void;
  /** What has not been read to its end since the stream was opened. */
  readonly #behind = new Set<string>();
  /** The groups of which the stream has not shown yet that their logs have the last entry that this device has read. */
  readonly #unconfirmed = new Set<string>();
  /** How often a group could not be followed since it was last read to its end. */
  readonly #setbacks = new Map<string, number>();
  /** The groups of which nothing is heard until they are followed again. */
  readonly #resting = new Set<string>();
  readonly #caughtUp = Promise.withResolvers<void>();
  #stream: DeviceStream | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  /** Whether anything has come since the last ping. */
  #isHeard = false;

  constructor(around: Surroundings, { conversations, expulsion, onJoined }: SyncParts) {
    this.#around = around;
    this.#conversations = conversations;
    this.#expulsion = expulsion;
    this.#onJoined = onJoined;
  }

  /** Begins to follow; resolves when everything that was there has been processed once. */
  start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#caughtUp.promise;
  }

  /** Follows one more conversation, if the stream is open. */
  async follow({ replica }: Known): Promise<void> {
    try {
      const isGoing = replica.isActive && replica.fault === undefined && !this.#resting.has(replica.id);
      if (this.#stream !== undefined && isGoing) await this.#subscribe(this.#stream, replica);
    } catch (error) {
      // The stream has broken; it will follow the conversation when it is opened again.
      this.#around.log({ event: 'stream-broken', conversation: replica.id, cause: error });
    }
  }

  /** Waits for the end, which comes with the end of the client. */
  async stopped(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal, log, tokens } = this.#around;
    // A client that is closed early was never caught up; nobody has to be waiting for it.
    this.#caughtUp.promise.catch(() => {});
    signal.addEventListener('abort', () => this.#caughtUp.reject(signal.reason), { once: true });
    while (!signal.aborted) {
      try {
        await this.#converse();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof CallError && error.code === 'UNAUTHENTICATED') tokens.forget();
        log({ event: 'stream-broken', cause: error });
      }
      await pause(backoff(this.#failures), signal).catch(() => {});
      this.#failures += 1;
    }
  }

  async #converse(): Promise<void> {
    const { stubs, tokens, signal, store, line } = this.#around;
    const ended = new AbortController();
    const metadata = await tokens.metadata('delivery');
    const stream = openStream(stubs.delivery, 'subscribe', { metadata, signal });
    try {
      this.#behind.clear();
      this.#unconfirmed.clear();
      this.#resting.clear();
      this.#behind.add(MAILBOX);
      const afterSequence = store.device.mailboxCursor();
      if (afterSequence > 0n) await acknowledge(stream, afterSequence);
      await stream.send({ request: { $case: 'mailbox', value: { afterSequence } } });
      this.#stream = stream;
      line.open((request) => stream.send({ request }));
      void this.#watch(stream, ended.signal);
      for (const known of this.#conversations.all()) await this.#begin(stream, known);
      for await (const { response } of stream.responses) {
        this.#isHeard = true;
        if (response?.$case === 'draining') return;
        await this.#hear(stream, response);
      }
    } finally {
      this.#stream = undefined;
      ended.abort();
      line.close();
      stream.cancel();
    }
  }

  async #begin(stream: DeviceStream, known: Known): Promise<void> {
    const { replica } = known;
    if (!replica.isActive) return;
    if (replica.fault !== undefined) return this.#recover(known);
    if (replica.overlap < replica.cursor) this.#unconfirmed.add(replica.id);
    await this.#subscribe(stream, replica, replica.overlap);
    if (known.restoration.isUnfinished) this.#restore(known);
  }

  async #subscribe(stream: DeviceStream, replica: Replica, afterSequence = replica.cursor): Promise<void> {
    this.#behind.add(replica.id);
    const { group } = replica;
    const query = delivery.GroupQuery.encode({
      groupId: group.groupId,
      afterSequence,
      limit: 0,
      device: this.#around.device,
    }).finish();
    const proof = proveMembership(group, 'Subscribe', query, this.#around.nowMs());
    await stream.send({ request: { $case: 'group', value: { query, proof } } });
    // Whoever sends next comes after it on the same stream.
    this.#around.line.lease(replica.id, group.epoch);
  }

  /** A link can die without a word: a stream on which nothing comes, not even when it is asked for, is given up. */
  async #watch(stream: DeviceStream, ended: AbortSignal): Promise<void> {
    const { pingIntervalMs, log } = this.#around;
    try {
      for (let token = 1n; ; token += 1n) {
        await pause(pingIntervalMs, ended);
        this.#isHeard = false;
        await stream.send({ request: { $case: 'ping', value: { token } } });
        await pause(pingIntervalMs, ended);
        if (this.#isHeard) continue;
        log({ event: 'stream-dead' });
        stream.cancel();
      }
    } catch (error) {
      if (!ended.aborted) log({ event: 'stream-broken', cause: error });
    }
  }

  /** Anything else is nothing that this client has asked for, or a stream that drains and ends by itself. */
  async #hear(stream: DeviceStream, response: delivery.SubscribeResponse['response']): Promise<void> {
    if (response === undefined) return;
    this.#around.line.hear(response);
    if (response.$case === 'entries') await this.#receive(stream, response.value);
    if (response.$case === 'live') this.#reach(response.value);
    if (response.$case === 'leaseEnded') await this.#renew(stream, response.value);
    if (response.$case === 'behind') this.#fallBack(response.value);
    if (response.$case === 'truncated') await this.#lose(response.value);
    if (response.$case === 'refused') this.#giveUp(response.value);
    await this.#hearMailbox(stream, response);
  }

  async #hearMailbox(
    stream: DeviceStream,
    response: NonNullable<delivery.SubscribeResponse['response']>,
  ): Promise<void> {
    if (response.$case === 'mailbox') await this.#readMailbox(stream, response.value.entries);
    if (response.$case === 'mailboxLive') this.#markLive(MAILBOX);
    if (response.$case === 'mailboxBehind') await this.#readMailboxAnew(stream);
  }

  /** What a group's log says wrong is no matter of the other groups on the stream. */
  async #receive(stream: DeviceStream, news: delivery.GroupEntries): Promise<void> {
    const known = this.#find(news.groupId);
    if (known === undefined || this.#resting.has(known.replica.id)) return;
    try {
      await this.#process(known, news);
    } catch (error) {
      if (!(error instanceof ClientError && error.code === 'INVALID_RESPONSE')) throw error;
      await this.#rest(stream, known, error);
    }
  }

  async #process(known: Known, { entries }: delivery.GroupEntries): Promise<void> {
    this.#unconfirmed.delete(known.replica.id);
    const reception = await known.replica.receive(entries);
    if (reception === 'contradiction') this.#restore(known);
    if (reception === 'gap') throw new ClientError('INVALID_RESPONSE', 'the stream has left out entries');
    if (known.replica.fault !== undefined) this.#recover(known);
    else if (entries.some(({ kind }) => kind === delivery.LogEntryKind.COMMIT)) this.#expulsion.check(known);
  }

  /** Leaves a group alone for a while, and asks for the same entries again: the service may have mended its ways. */
  async #rest(stream: DeviceStream, known: Known, cause: unknown): Promise<void> {
    const { id, group } = known.replica;
    this.#around.log({ event: 'group-not-followed', conversation: id, cause });
    this.#resting.add(id);
    this.#around.line.endLease(id);
    this.#markLive(id);
    await stream.send({ request: { $case: 'unsubscribe', value: { groupId: group.groupId } } });
    this.#beside(known, async () => {
      await pause(this.#setBack(known), this.#around.signal);
      this.#resting.delete(id);
    });
  }

  /** How long to leave a group alone: the more often in a row it could not be followed, the longer; not at all at first. */
  #setBack({ replica: { id } }: Known): number {
    const setbacks = this.#setbacks.get(id) ?? 0;
    this.#setbacks.set(id, setbacks + 1);
    return setbacks === 0 ? 0 : backoff(setbacks);
  }

  /** Brings a log back that has lost entries, or has others in their places, and follows it again. */
  #restore(known: Known): void {
    this.#markLive(known.replica.id);
    this.#beside(known, async () => {
      await this.#around.wait(this.#setBack(known), this.#around.signal);
      await known.restoration.runForMessages();
    });
  }

  /** Does something for a group beside everything else, and follows it again afterwards. */
  #beside(known: Known, act: () => Promise<unknown>): void {
    const { log, signal } = this.#around;
    act()
      .then(() => this.follow(known))
      .catch(async (cause: unknown) => {
        if (signal.aborted) return;
        log({ event: 'group-not-followed', conversation: known.replica.id, cause });
        // Nothing else would try again as long as the stream lasts.
        await pause(this.#setBack(known), signal);
        await this.follow(known);
      })
      .catch(() => {});
  }

  /** Comes back into a group beside everything else, and follows it again. */
  #recover(known: Known): void {
    this.#markLive(known.replica.id);
    this.#beside(known, async () => {
      await known.recovery.run();
      this.#expulsion.check(known);
    });
  }

  /** A log that is at its end without the entry that was asked for again has lost it. */
  #reach({ groupId }: delivery.GroupLive): void {
    const known = this.#find(groupId);
    if (known !== undefined && this.#resting.has(known.replica.id)) return;
    if (known !== undefined && this.#unconfirmed.delete(known.replica.id)) this.#restore(known);
    else this.#setbacks.delete(toHex(groupId));
    this.#markLive(toHex(groupId));
  }

  /** The next epoch's proof opens what comes after; whoever has none was removed, or cannot read the commit. */
  async #renew(stream: DeviceStream, { groupId, endedEpoch }: delivery.LeaseEnded): Promise<void> {
    this.#around.line.endLease(toHex(groupId));
    const replica = this.#find(groupId)?.replica;
    const isGoing =
      replica?.isActive === true && replica.fault === undefined && !this.#resting.has(replica.id);
    if (isGoing && replica.group.epoch > endedEpoch) {
      return this.#subscribe(stream, replica);
    }
    this.#around.log({ event: 'lease-ended', conversation: toHex(groupId) });
    this.#markLive(toHex(groupId));
  }

  #fallBack({ groupId }: delivery.LogBehind): void {
    const known = this.#find(groupId);
    if (known !== undefined) this.#restore(known);
  }

  /** What this device has not read is gone: it has to come in again. */
  async #lose({ groupId }: delivery.LogTruncated): Promise<void> {
    const known = this.#find(groupId);
    if (known === undefined) return;
    await known.replica.fail(LOG_TRUNCATED);
    this.#recover(known);
  }

  #giveUp({ groupId, reason, limit }: delivery.TopicRefused): void {
    this.#around.line.endLease(toHex(groupId));
    this.#around.log({ event: 'topic-refused', conversation: toHex(groupId), code: reason });
    this.#markLive(toHex(groupId));
    const known = this.#find(groupId);
    if (known === undefined) return;
    if (limit === undefined) return this.#askAgain(known);
    // Where time does not help, the group is tried again with the next stream.
    if (limit.retryAfterMs > 0n) this.#beside(known, () => pause(limitPause(limit), this.#around.signal));
  }

  /** A log that has lost an epoch does not know its members any more, until somebody has handed the epoch in: this device or another one. */
  #askAgain(known: Known): void {
    this.#beside(known, async () => {
      const hadLost = await known.restoration.run();
      if (!hadLost) await pause(this.#setBack(known), this.#around.signal);
    });
  }

  async #readMailbox(stream: DeviceStream, entries: readonly delivery.MailboxEntry[]): Promise<void> {
    for (const entry of entries) {
      const joined = await joinFromMailbox(entry, this.#around, this.#conversations);
      if (joined === undefined) continue;
      await this.follow(joined);
      this.#expulsion.check(joined);
      this.#onJoined();
    }
    await acknowledge(stream, this.#around.store.device.mailboxCursor());
  }

  /** The mailbox has lost its end: what was read under its numbers may come again, and is known by its KeyPackage. */
  async #readMailboxAnew(stream: DeviceStream): Promise<void> {
    this.#around.log({ event: 'mailbox-behind' });
    if (this.#around.store.device.mailboxCursor() === 0n) return;
    this.#around.store.device.moveMailboxCursor(0n);
    await stream.send({ request: { $case: 'mailbox', value: { afterSequence: 0n } } });
  }

  #markLive(topic: string): void {
    this.#behind.delete(topic);
    if (this.#behind.size > 0) return;
    this.#failures = 0;
    this.#caughtUp.resolve();
  }

  #find(groupId: Uint8Array): Known | undefined {
    return this.#conversations.find(toHex(groupId));
  }
}

/** Lets the service forget what was processed. */
function acknowledge(stream: DeviceStream, upToSequence: bigint): Promise<void> {
  return stream.send({ request: { $case: 'acknowledgeMailbox', value: { upToSequence } } });
}
