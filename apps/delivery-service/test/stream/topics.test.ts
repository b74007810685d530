import type { delivery } from '@canopy/contract';
import { describe, expect, it } from '@jest/globals';
import { Bell } from '@canopy/service';
import type { Topic } from '../../src/stream/topic.ts';
import { Topics } from '../../src/stream/topics.ts';

const pong = (token: bigint): delivery.SubscribeResponse => ({
  response: { $case: 'pong', value: { token } },
});

/** Says one thing a step, and does something while it reads. */
function topic(token: bigint, meanwhile: () => void = () => {}): Topic & { closed: number } {
  return {
    closed: 0,
    step: () => {
      meanwhile();
      return Promise.resolve({ responses: [pong(token)], more: false });
    },
    close() {
      this.closed += 1;
    },
  };
}

describe('the topics of a stream', () => {
  it('speak in turns, in the order in which they were woken, each once', async () => {
    const topics = new Topics(new Bell());
    topics.add('a', topic(1n));
    topics.add('b', topic(2n));
    topics.wake('a');
    expect([await topics.next(), await topics.next(), await topics.next()]).toEqual([
      [pong(1n)],
      [pong(2n)],
      undefined,
    ]);
  });

  it('speak again when they are woken while they read', async () => {
    const topics = new Topics(new Bell());
    let wakes = 1;
    topics.add(
      'a',
      topic(1n, () => {
        if (wakes-- > 0) topics.wake('a');
      }),
    );
    expect([await topics.next(), await topics.next(), await topics.next()]).toEqual([
      [pong(1n)],
      [pong(1n)],
      undefined,
    ]);
  });

  it('say nothing more once they are removed, also when that happens while they read', async () => {
    const topics = new Topics(new Bell());
    const leaving = topic(1n, () => topics.remove('a'));
    topics.add('a', leaving);
    expect(await topics.next()).toEqual([]);
    topics.wake('a');
    expect(await topics.next()).toBeUndefined();
    expect(leaving.closed).toBe(1);
  });

  it('ring the bell when there is something to say', async () => {
    const bell = new Bell();
    const topics = new Topics(bell);
    topics.add('a', topic(1n));
    await bell.heard();
    await topics.next();
    topics.wake('a');
    await expect(bell.heard()).resolves.toBeUndefined();
  });
});
