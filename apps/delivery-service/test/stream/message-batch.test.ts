import { setImmediate } from 'node:timers/promises';
import type { AppendOutcome, GroupLog, NewMessage } from '@canopy/storage';
import { describe, expect, it } from '@jest/globals';
import { MessageBatch } from '../../src/stream/message-batch.ts';

const message = (number: number): NewMessage => ({
  groupId: new Uint8Array([1]),
  epoch: 0n,
  requestId: new Uint8Array(16).fill(number),
  kind: 'application',
  message: new Uint8Array([number]),
  maxPastEpochs: 0,
  nowMs: 0,
});

const accepted = (sequence: bigint): AppendOutcome => ({ outcome: 'accepted', sequence });

/** As many turns of the event loop as a batch waits for more. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await setImmediate();
}

/** A log whose answers are given by hand. */
class SlowLog implements Pick<GroupLog, 'appendMessages'> {
  readonly steps: { readonly numbers: readonly (number | undefined)[]; readonly answer: () => void }[] = [];
  #failure: unknown;
  #last = 0n;

  failWith(error: unknown): void {
    this.#failure = error;
  }

  appendMessages(messages: readonly NewMessage[]): Promise<readonly AppendOutcome[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly AppendOutcome[]>();
    const answer = (): void => {
      if (this.#failure === undefined) resolve(messages.map(() => accepted((this.#last += 1n))));
      else reject(this.#failure);
    };
    this.steps.push({ numbers: messages.map(({ message: [number] }) => number), answer });
    return promise;
  }
}

describe('a batch of messages', () => {
  it('takes all that comes while the log is busy in one step, in its order, and gives each its own outcome', async () => {
    const log = new SlowLog();
    const batch = new MessageBatch(log);
    const first = [1, 2].map((number) => batch.append(message(number)));
    expect(log.steps).toEqual([]);
    await turns();
    const later = [3, 4, 5].map((number) => batch.append(message(number)));
    await turns();
    expect(log.steps.map(({ numbers }) => numbers)).toEqual([[1, 2]]);
    log.steps[0]?.answer();
    expect(await Promise.all(first)).toEqual([accepted(1n), accepted(2n)]);
    await turns();
    expect(log.steps.map(({ numbers }) => numbers)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    log.steps[1]?.answer();
    expect(await Promise.all(later)).toEqual([accepted(3n), accepted(4n), accepted(5n)]);
  });

  it('says when all so far is settled, whatever comes later', async () => {
    const log = new SlowLog();
    const batch = new MessageBatch(log);
    await batch.settled();
    void batch.append(message(1));
    await turns();
    let isSettled = false;
    const settled = batch.settled().then(() => {
      isSettled = true;
    });
    void batch.append(message(2));
    await turns();
    expect(isSettled).toBe(false);
    log.steps[0]?.answer();
    await settled;
    await turns();
    expect(log.steps).toHaveLength(2);
  });

  it('appends nothing after a step that the log could not answer, so that the order stays', async () => {
    const log = new SlowLog();
    const batch = new MessageBatch(log);
    const first = batch.append(message(1));
    await turns();
    const second = batch.append(message(2));
    log.failWith('away');
    log.steps[0]?.answer();
    await expect(first).rejects.toBe('away');
    await expect(second).rejects.toBe('away');
    await expect(batch.append(message(3))).rejects.toBe('away');
    expect(log.steps).toHaveLength(1);
    await batch.settled();
  });
});
