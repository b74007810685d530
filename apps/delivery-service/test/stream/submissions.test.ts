import { setImmediate } from 'node:timers/promises';
import type { delivery } from '@canopy/contract';
import { describe, expect, it } from '@jest/globals';
import { Bell } from '../../src/stream/bell.ts';
import { Submissions } from '../../src/stream/submissions.ts';

const pong = (token: bigint): delivery.SubscribeResponse => ({
  response: { $case: 'pong', value: { token } },
});

interface Work {
  readonly promise: Promise<delivery.SubscribeResponse>;
  readonly resolve: (response: delivery.SubscribeResponse) => void;
  readonly reject: (error: unknown) => void;
}

function work(): Work {
  return Promise.withResolvers<delivery.SubscribeResponse>();
}

function taken(submissions: Submissions): unknown[] {
  const answers: unknown[] = [];
  for (let answer = submissions.take(); answer !== undefined; answer = submissions.take())
    answers.push(answer);
  return answers;
}

describe('the submissions of a stream', () => {
  it('have room below the limit only, and again when an answer was taken', async () => {
    const submissions = new Submissions(2, new Bell());
    submissions.answer(pong(1n));
    await submissions.room();
    submissions.enqueue('a', () => work().promise);
    let hasRoom = false;
    const room = submissions.room().then(() => {
      hasRoom = true;
    });
    await setImmediate();
    expect(hasRoom).toBe(false);
    submissions.take();
    await room;
    expect(submissions.isIdle).toBe(false);
  });

  it('are done one after the other in a group and side by side between groups', async () => {
    const submissions = new Submissions(10, new Bell());
    const [first, second] = [work(), work()];
    const begun: string[] = [];
    const begin =
      (name: string, { promise }: Work) =>
      (): Promise<delivery.SubscribeResponse> => {
        begun.push(name);
        return promise;
      };
    submissions.enqueue('a', begin('a1', first));
    submissions.enqueue('a', begin('a2', second));
    submissions.enqueue('b', begin('b1', { ...work(), promise: Promise.resolve(pong(3n)) }));
    await setImmediate();
    expect(begun).toEqual(['a1', 'b1']);
    expect(taken(submissions)).toEqual([pong(3n)]);
    first.resolve(pong(1n));
    await setImmediate();
    expect(begun).toEqual(['a1', 'b1', 'a2']);
    second.resolve(pong(2n));
    await setImmediate();
    expect(taken(submissions)).toEqual([pong(1n), pong(2n)]);
    expect(submissions.isIdle).toBe(true);
  });

  it('stop at the first failure: what comes after it in a group is not done', async () => {
    const submissions = new Submissions(10, new Bell());
    const [first] = [work()];
    let done = 0;
    submissions.enqueue('a', () => first.promise);
    submissions.enqueue('a', () => Promise.resolve(pong(BigInt((done += 1)))));
    first.reject('away');
    await setImmediate();
    expect(submissions.failure).toEqual({ error: 'away' });
    expect([done, taken(submissions), submissions.isIdle]).toEqual([0, [], true]);
  });
});
