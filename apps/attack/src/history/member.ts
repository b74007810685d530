/**
 * A client that appends and reads by unary calls, repeats itself, and races itself through several replicas.
 *
 * @module
 */
import { callUnary, type delivery } from '@canopy/contract';
import type { Metadata } from '@grpc/grpc-js';
import type { Choices } from '../choices.ts';
import { bearer, type Device } from '../parties/device.ts';
import { replicaOf } from '../parties/stubs.ts';
import { readOutcome, readReceipts } from './append-outcome.ts';
import type { Append } from './event.ts';
import { GroupView, hashOf, toSeen } from './group-view.ts';
import { prepareCommit, prepareMessage, type Prepared } from './prepared.ts';
import type { Actor, World } from './world.ts';

/** How many of its own requests a member may send again. */
const REMEMBERED = 30;
const PAGE = 7;

/** A member of all groups. */
export class Member implements Actor {
  readonly name: string;
  readonly #world: World;
  readonly #metadata: Metadata;
  readonly #views: readonly GroupView[];
  readonly #sent: Prepared[] = [];

  constructor(world: World, { device, tokens }: Device) {
    this.name = device;
    this.#world = world;
    this.#metadata = bearer(tokens.delivery);
    this.#views = world.groupIds.map((groupId) => new GroupView(groupId));
  }

  async act(choices: Choices): Promise<void> {
    const view = choices.oneOf(this.#views);
    if (view === undefined) return;
    const action = choices.weighted<(view: GroupView, choices: Choices) => Promise<unknown>>([
      [40, (group) => this.#send(prepareMessage(group, 'application'), choices)],
      [5, (group) => this.#send(prepareMessage(group, 'proposal'), choices)],
      [18, (group) => this.#commit(group, choices)],
      [12, () => this.#repeat(choices)],
      [20, (group) => this.readOn(group, choices)],
      [10, (group) => this.#readGroupInfo(group, choices)],
    ]);
    await action(view, choices);
  }

  async close(): Promise<void> {}

  /** Reads a group from the cursor to the end of what the member can open. Says whether it came to the end. */
  async readOn(view: GroupView, choices: Choices): Promise<boolean> {
    for (;;) {
      const { epoch } = view;
      const page = await this.#readPage(view, choices);
      if (page === undefined) return false;
      for (const entry of page.entries) view.see(entry);
      if (page.end && view.epoch === epoch) return true;
    }
  }

  /** Sends a request once, by a replica, and writes down what came of it. */
  async sendOnce(prepared: Prepared, replica: number): Promise<Append['outcome']> {
    const { recorder } = this.#world;
    const start = recorder.now();
    const outcome = await this.#outcomeOf(prepared, { replica, start });
    const { group, entry, requestId, recipients, groupInfo } = prepared;
    const event = { kind: 'append', group, entry, requestId, recipients, groupInfo, outcome } as const;
    if (outcome.outcome === 'unknown') recorder.addUnanswered(this.name, start, event);
    else recorder.add(this.name, start, event);
    return outcome;
  }

  /** Repeats what had no answer until it has one. Says whether every one has. */
  async settle(choices: Choices): Promise<boolean> {
    const open = [...this.#sent];
    for (const prepared of open) {
      const { outcome } = await this.sendOnce(prepared, choices.next());
      if (outcome === 'unknown') return false;
      this.#sent.shift();
    }
    return true;
  }

  /** The views of the member. */
  get views(): readonly GroupView[] {
    return this.#views;
  }

  async #outcomeOf(
    { method, request }: Prepared,
    { replica, start }: { readonly replica: number; readonly start: number },
  ): Promise<Append['outcome']> {
    const { stubs, recorder, deadlineMs } = this.#world;
    const stub = replicaOf(stubs.delivery, replica);
    const options = { metadata: this.#metadata, deadlineMs };
    try {
      const { result } =
        method === 'submitCommit'
          ? await callUnary(stub, 'submitCommit', request, options)
          : await callUnary(stub, 'sendMessage', request, options);
      return readOutcome(result);
    } catch (error) {
      return recorder.failure(this.name, start, method, error);
    }
  }

  /** Sends a request; sometimes through two replicas at a time. */
  async #send(prepared: Prepared, choices: Choices): Promise<void> {
    this.#sent.push(prepared);
    if (this.#sent.length > REMEMBERED) this.#sent.shift();
    const times = choices.chance(15) ? 2 : 1;
    const replicas = Array.from({ length: times }, () => choices.next());
    await Promise.all(replicas.map((replica) => this.sendOnce(prepared, replica)));
  }

  async #commit(view: GroupView, choices: Choices): Promise<void> {
    const { devices } = this.#world;
    const added = choices.chance(40) ? choices.oneOf(devices) : undefined;
    await this.#send(prepareCommit(view, added === undefined ? [] : [added.device]), choices);
    await this.readOn(view, choices);
  }

  async #repeat(choices: Choices): Promise<void> {
    const prepared = choices.oneOf(this.#sent);
    if (prepared !== undefined) await this.sendOnce(prepared, choices.next());
  }

  async #readPage(view: GroupView, choices: Choices): Promise<delivery.ReadGroupResponse | undefined> {
    const { stubs, recorder, deadlineMs } = this.#world;
    const start = recorder.now();
    const { epoch, cursor: after, name: group } = view;
    const query = view.query(choices.chance(30) ? PAGE : 0);
    const request = { query, proof: view.prove('ReadGroup', query) };
    const options = { metadata: this.#metadata, deadlineMs };
    try {
      const page = await callUnary(replicaOf(stubs.delivery, choices.next()), 'readGroup', request, options);
      const entries = page.entries.map(toSeen);
      const receipts = readReceipts(page.entries);
      recorder.add(this.name, start, {
        kind: 'read',
        group,
        epoch,
        after,
        entries,
        receipts,
        isEnd: page.end,
      });
      return page;
    } catch (error) {
      recorder.failure(this.name, start, 'readGroup', error);
      return undefined;
    }
  }

  async #readGroupInfo(view: GroupView, choices: Choices): Promise<void> {
    const { stubs, recorder, deadlineMs } = this.#world;
    const start = recorder.now();
    const query = view.query();
    const request = { query, proof: view.prove('GetGroupInfo', query), ticket: new Uint8Array() };
    const options = { metadata: this.#metadata, deadlineMs };
    try {
      const served = await callUnary(
        replicaOf(stubs.delivery, choices.next()),
        'getGroupInfo',
        request,
        options,
      );
      const hash = served.groupInfo.length === 0 ? '' : hashOf(served.groupInfo);
      recorder.add(this.name, start, { kind: 'groupInfo', group: view.name, epoch: served.epoch, hash });
    } catch (error) {
      recorder.failure(this.name, start, 'getGroupInfo', error);
    }
  }
}
