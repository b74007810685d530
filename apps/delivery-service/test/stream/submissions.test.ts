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

const atOnce = (): Promise<void> => Promise.resolve();

describe('the submissions of a stream', () => {
  it('have room below the limit only, and again when an answer was taken', async () => {
    const submissions = new Submissions(2, new Bell());
    submissions.answer(pong(1n));
    await submissions.room();
    submissions.begin('a', () => work().promise);
    let hasRoom = false;
    const room = submissions.room().then(() => {
      hasRoom = true;
    });
    await setImmediate();
    expect(hasRoom).toBe(false);
    submissions.takeAll();
    await room;
    expect(submissions.isIdle).toBe(false);
  });

  it('go alone one after the other in a group and side by side between groups', async () => {
    const submissions = new Submissions(10, new Bell());
    const [first, second] = [work(), work()];
    const begun: string[] = [];
    const begin =
      (name: string, { promise }: Work) =>
      (): Promise<delivery.SubscribeResponse> => {
        begun.push(name);
        return promise;
      };
    submissions.goAlone('a', begin('a1', first), atOnce);
    submissions.goAlone('a', begin('a2', second), atOnce);
    submissions.goAlone('b', begin('b1', { ...work(), promise: Promise.resolve(pong(3n)) }), atOnce);
    await setImmediate();
    expect(begun).toEqual(['a1', 'b1']);
    expect(submissions.takeAll()).toEqual([pong(3n)]);
    first.resolve(pong(1n));
    await setImmediate();
    expect(begun).toEqual(['a1', 'b1', 'a2']);
    second.resolve(pong(2n));
    await setImmediate();
    expect(submissions.takeAll()).toEqual([pong(1n), pong(2n)]);
    expect(submissions.isIdle).toBe(true);
  });

  it('begin in their order: after what goes alone, all at once, and before what goes alone later', async () => {
    const submissions = new Submissions(10, new Bell());
    const [alone, slow] = [work(), work()];
    const begun: string[] = [];
    const begin = (name: string, { promise }: Work): (() => Promise<delivery.SubscribeResponse>) => {
      return () => {
        begun.push(name);
        return promise;
      };
    };
    submissions.begin('a', begin('m1', slow));
    expect(begun).toEqual(['m1']);
    const settled = slow.promise.then(() => undefined);
    submissions.goAlone('a', begin('c1', alone), () => settled);
    submissions.begin('a', begin('m2', work()));
    submissions.begin('a', begin('m3', work()));
    submissions.begin('b', begin('other', work()));
    await setImmediate();
    expect(begun).toEqual(['m1', 'other']);
    slow.resolve(pong(1n));
    await setImmediate();
    expect(begun).toEqual(['m1', 'other', 'c1']);
    alone.resolve(pong(2n));
    await setImmediate();
    expect(begun).toEqual(['m1', 'other', 'c1', 'm2', 'm3']);
    submissions.begin('a', begin('m4', work()));
    expect(begun).toHaveLength(6);
  });

  it('stop at the first failure: what comes after it in a group is not done', async () => {
    const submissions = new Submissions(10, new Bell());
    const [first] = [work()];
    let done = 0;
    submissions.goAlone('a', () => first.promise, atOnce);
    submissions.goAlone('a', () => Promise.resolve(pong(BigInt((done += 1)))), atOnce);
    submissions.begin('a', () => Promise.resolve(pong(BigInt((done += 1)))));
    first.reject('away');
    await setImmediate();
    expect(submissions.failure).toEqual({ error: 'away' });
    expect([done, submissions.takeAll(), submissions.isIdle]).toEqual([0, [], true]);
  });
});
