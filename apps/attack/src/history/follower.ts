/**
 * A client that follows all groups on one stream, sends on it, and opens it again when it ends.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CallError, openStream, type delivery, type Stream } from '@canopy/contract';
import type { Metadata } from '@grpc/grpc-js';
import type { Choices } from '../choices.ts';
import { bearer, type Device } from '../parties/device.ts';
import { replicaOf } from '../parties/stubs.ts';
import { readOutcome, readReceipts } from './append-outcome.ts';
import type { AppendOutcome } from './event.ts';
import { GroupView, hex, toSeen } from './group-view.ts';
import { prepareCommit, prepareMessage, type Prepared } from './prepared.ts';
import type { Actor, World } from './world.ts';

type SubscribeStream = Stream<delivery.SubscribeRequest, delivery.SubscribeResponse>;

const RECONNECT_MS = 100;
const OVER: ReadonlySet<string> = new Set(['refused', 'truncated', 'behind']);

/** A group on the stream. */
interface Topic {
  readonly view: GroupView;
  /** When the lease that is being served was asked for. */
  askedAt: number;
}

/** A device with one stream. */
export class Follower implements Actor {
  readonly name: string;
  readonly #world: World;
  readonly #metadata: Metadata;
  readonly #topics: ReadonlyMap<string, Topic>;
  readonly #waiting = new Map<string, (outcome: AppendOutcome) => void>();
  readonly #closing = new AbortController();
  readonly #following: Promise<void>;
  #stream: SubscribeStream | undefined;
  #streams = 0;
  #lastOver = 'none';

  constructor(world: World, { device, tokens }: Device) {
    this.name = `stream of ${device}`;
    this.#world = world;
    this.#metadata = bearer(tokens.delivery);
    const views = world.groupIds.map((groupId) => new GroupView(groupId));
    this.#topics = new Map(views.map((view) => [view.name, { view, askedAt: 0 }]));
    this.#following = this.#follow();
  }

  async act(choices: Choices): Promise<void> {
    const topic = choices.oneOf([...this.#topics.values()]);
    if (topic === undefined) return;
    const prepared = choices.chance(10)
      ? prepareCommit(topic.view, [])
      : prepareMessage(topic.view, 'application');
    await Promise.all([this.#sendOnce(prepared), choices.chance(20) ? this.#sendOnce(prepared) : undefined]);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#following;
  }

  /** How far the stream has followed each group. */
  get views(): readonly GroupView[] {
    return [...this.#topics.values()].map(({ view }) => view);
  }

  /** Says where it stands, for who waits for it in vain. */
  get state(): string {
    const places = this.views.map(
      ({ name, epoch, cursor }) => `${name.slice(0, 8)} epoch ${epoch} at ${cursor}`,
    );
    const { size } = this.#waiting;
    return `stream number ${this.#streams}, ${places.join(', ')}, ${size} without answer, last topic that was over: ${this.#lastOver}`;
  }

  async #follow(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const start = this.#world.recorder.now();
      try {
        await this.#readStream();
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        this.#world.recorder.failure(this.name, start, 'subscribe', error);
      }
      this.#stream = undefined;
      this.#giveUpWaiting();
      await pause(RECONNECT_MS);
    }
  }

  async #readStream(): Promise<void> {
    const stub = replicaOf(this.#world.stubs.delivery, randomInt(1_000));
    this.#streams += 1;
    const stream = openStream(stub, 'subscribe', { metadata: this.#metadata, signal: this.#closing.signal });
    for (const topic of this.#topics.values()) await this.#lease(stream, topic);
    this.#stream = stream;
    for await (const { response } of stream.responses) {
      if (response !== undefined) await this.#hear(stream, response);
    }
  }

  async #lease(stream: SubscribeStream, topic: Topic): Promise<void> {
    topic.askedAt = this.#world.recorder.now();
    const query = topic.view.query();
    const value = { query, proof: topic.view.prove('Subscribe', query) };
    await stream.send({ request: { $case: 'group', value } });
  }

  /** A topic that is over in another way than by its epoch is asked for again, on another stream. */
  async #hear(
    stream: SubscribeStream,
    response: NonNullable<delivery.SubscribeResponse['response']>,
  ): Promise<void> {
    if (response.$case === 'entries') await this.#hearEntries(stream, response.value);
    else if (response.$case === 'live') this.#hearEnd(response.value.groupId);
    else if (response.$case === 'leaseEnded')
      this.#hearEnd(response.value.groupId, response.value.endedEpoch);
    else if (response.$case === 'sendAnswer' || response.$case === 'commitAnswer')
      this.#hearAnswer(response.value);
    else if (OVER.has(response.$case)) this.#giveUp(stream, response.$case);
  }

  #giveUp(stream: SubscribeStream, why: string): void {
    this.#lastOver = why;
    stream.cancel();
  }

  async #hearEntries(stream: SubscribeStream, { groupId, entries }: delivery.GroupEntries): Promise<void> {
    const topic = this.#topics.get(hex(groupId));
    if (topic === undefined) throw new Error('entries of a group that nobody asked for');
    const { view } = topic;
    const { epoch, cursor: after, name: group } = view;
    const { recorder } = this.#world;
    const read = { entries: entries.map(toSeen), receipts: readReceipts(entries) };
    recorder.add(this.name, recorder.now(), { kind: 'read', group, epoch, after, ...read, isEnd: false });
    for (const entry of entries) view.see(entry);
    if (view.epoch > epoch) await this.#lease(stream, topic);
  }

  /** History is over, or all that the lease opens was sent: then nothing that was there when it was asked for may be missing. */
  #hearEnd(groupId: Uint8Array, endedEpoch?: bigint): void {
    const topic = this.#topics.get(hex(groupId));
    if (topic === undefined) throw new Error('a marker of a group that nobody asked for');
    const { view, askedAt } = topic;
    const epoch = endedEpoch ?? view.epoch;
    const place = { group: view.name, epoch, after: view.cursor, entries: [], receipts: [] };
    this.#world.recorder.add(this.name, askedAt, { kind: 'read', ...place, isEnd: true });
  }

  #hearAnswer({ requestId, response }: delivery.SendMessageAnswer | delivery.SubmitCommitAnswer): void {
    const outcome = readOutcome(response?.result);
    this.#waiting.get(hex(requestId))?.(outcome);
  }

  #giveUpWaiting(): void {
    // Behind an answer there may be another one for the same id.
    while (this.#waiting.size > 0) {
      for (const answer of this.#waiting.values()) answer({ outcome: 'unknown', code: 'STREAM_ENDED' });
    }
  }

  async #sendOnce(prepared: Prepared): Promise<void> {
    const { recorder } = this.#world;
    const start = recorder.now();
    const stream = this.#stream;
    if (stream === undefined) return;
    const outcome = await this.#outcomeOf(stream, prepared);
    const { group, entry, requestId, recipients, groupInfo } = prepared;
    const event = { kind: 'append', group, entry, requestId, recipients, groupInfo, outcome } as const;
    if (outcome.outcome === 'unknown') recorder.addUnanswered(this.name, start, event);
    else recorder.add(this.name, start, event);
  }

  async #outcomeOf(
    stream: SubscribeStream,
    { method, request, requestId }: Prepared,
  ): Promise<AppendOutcome> {
    const { promise, resolve } = Promise.withResolvers<AppendOutcome>();
    const before = this.#waiting.get(requestId);
    // Two of the same id are answered one after the other.
    const answer = (outcome: AppendOutcome): void => {
      if (before === undefined) this.#waiting.delete(requestId);
      else this.#waiting.set(requestId, before);
      resolve(outcome);
    };
    this.#waiting.set(requestId, answer);
    const timer = setTimeout(() => answer({ outcome: 'unknown', code: 'NO_ANSWER' }), this.#world.deadlineMs);
    try {
      await stream.send(
        method === 'submitCommit'
          ? { request: { $case: 'submitCommit', value: { request } } }
          : { request: { $case: 'sendMessage', value: { request } } },
      );
      return await promise;
    } catch {
      return { outcome: 'unknown', code: 'STREAM_ENDED' };
    } finally {
      clearTimeout(timer);
    }
  }
}
