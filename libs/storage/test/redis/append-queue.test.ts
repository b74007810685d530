import { describe, expect, it } from '@jest/globals';
import type { AppendOutcome, NewMessage } from '../../src/index.ts';
import { AppendQueue } from '../../src/redis/append-queue.ts';
import { named } from '../bench.ts';
import { message } from '../group-log.story.ts';

/** A log that answers when it is told to. */
function slowLog(): {
  readonly batches: (readonly NewMessage[])[];
  readonly answer: (failure?: Error) => void;
  readonly append: (messages: readonly NewMessage[]) => Promise<readonly AppendOutcome[]>;
} {
  const batches: (readonly NewMessage[])[] = [];
  const waiting: ((failure?: Error) => void)[] = [];
  return {
    batches,
    answer: (failure) => waiting.shift()?.(failure),
    append: (messages) =>
      new Promise((resolve, reject) => {
        batches.push(messages);
        waiting.push((failure) => {
          if (failure === undefined)
            resolve(messages.map((_, i) => ({ outcome: 'accepted', sequence: BigInt(i + 1) })));
          else reject(failure);
        });
      }),
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

describe('messages on their way into a log', () => {
  it('go together when they come in one turn or while others are under way, one call after the other', async () => {
    const log = slowLog();
    const queue = new AppendQueue(log.append);
    const first = [queue.add(message(0n, '1')), queue.add(message(0n, '2'))];
    await turn();
    const second = ['3', '4', '5'].map((name) => queue.add(message(0n, name)));
    await turn();
    expect(log.batches.map((batch) => batch.length)).toEqual([2]);
    log.answer();
    await Promise.all(first);
    await turn();
    expect(log.batches.map((batch) => batch.length)).toEqual([2, 3]);
    log.answer();
    expect(await Promise.all(second)).toHaveLength(3);
  });

  it('do not wait for those of other groups', async () => {
    const log = slowLog();
    const queue = new AppendQueue(log.append);
    void queue.add(message(0n, '1'));
    void queue.add(message(0n, '1', { groupId: named('other') }));
    await turn();
    expect(log.batches).toHaveLength(2);
  });

  it('go in calls of bounded size, also when one alone is larger', async () => {
    const log = slowLog();
    const queue = new AppendQueue(log.append);
    const large = new Uint8Array(2 * 1024 * 1024);
    void queue.add(message(0n, 'large', { message: large }));
    for (let i = 0; i < 300; i++) void queue.add(message(0n, `${i}`));
    for (let call = 0; call < 3; call++) {
      await turn();
      log.answer();
    }
    expect(log.batches.map((batch) => batch.length)).toEqual([1, 256, 44]);
  });

  it('fail with what was before them, and those that come later do not', async () => {
    const log = slowLog();
    const queue = new AppendQueue(log.append);
    const first = queue.add(message(0n, '1'));
    await turn();
    const behind = queue.add(message(0n, '2'));
    log.answer(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await expect(behind).rejects.toThrow('away');
    const later = queue.add(message(0n, '3'));
    await turn();
    log.answer();
    expect(await later).toEqual({ outcome: 'accepted', sequence: 1n });
    expect(log.batches).toHaveLength(2);
  });
});
