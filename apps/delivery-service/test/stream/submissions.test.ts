import { setImmediate } from 'node:timers/promises';
import type { delivery } from '@canopy/contract';
import { describe, expect, it } from '@jest/globals';
import { Bell } from '@canopy/service';
import { Submissions, type Task } from '../../src/stream/submissions.ts';

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

const task = (group: string, doing: Task['work'], size = 1): Task => ({ group, size, work: doing });

const atOnce = (): Promise<void> => Promise.resolve();

describe('the submissions of a stream', () => {
  it('have room below the limit only, and again when an answer was taken', async () => {
    const submissions = new Submissions({ requests: 2, bytes: 100 }, new Bell());
    submissions.answer(pong(1n));
    await submissions.room();
    submissions.begin(task('a', () => work().promise));
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

  it('have no room when they hold too many bytes, but for one that is larger by itself', async () => {
    const submissions = new Submissions({ requests: 10, bytes: 100 }, new Bell());
    const [small, large] = [work(), work()];
    submissions.begin(task('a', () => small.promise, 99));
    expect(submissions.isFull).toBe(false);
    submissions.begin(task('a', () => large.promise, 1_000));
    expect(submissions.isFull).toBe(true);
    large.resolve(pong(1n));
    await submissions.room();
    small.resolve(pong(2n));
    await setImmediate();
    submissions.begin(task('a', () => work().promise, 1_000));
    expect(submissions.isFull).toBe(true);
  });

  it('go alone one after the other in a group and side by side between groups', async () => {
    const submissions = new Submissions({ requests: 10, bytes: 100 }, new Bell());
    const [first, second] = [work(), work()];
    const begun: string[] = [];
    const begin =
      (name: string, { promise }: Work) =>
      (): Promise<delivery.SubscribeResponse> => {
        begun.push(name);
        return promise;
      };
    submissions.goAlone(task('a', begin('a1', first)), atOnce);
    submissions.goAlone(task('a', begin('a2', second)), atOnce);
    submissions.goAlone(task('b', begin('b1', { ...work(), promise: Promise.resolve(pong(3n)) })), atOnce);
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
    const submissions = new Submissions({ requests: 10, bytes: 100 }, new Bell());
    const [alone, slow] = [work(), work()];
    const begun: string[] = [];
    const begin = (name: string, { promise }: Work): (() => Promise<delivery.SubscribeResponse>) => {
      return () => {
        begun.push(name);
        return promise;
      };
    };
    submissions.begin(task('a', begin('m1', slow)));
    expect(begun).toEqual(['m1']);
    const settled = slow.promise.then(() => undefined);
    submissions.goAlone(task('a', begin('c1', alone)), () => settled);
    submissions.begin(task('a', begin('m2', work())));
    submissions.begin(task('a', begin('m3', work())));
    submissions.begin(task('b', begin('other', work())));
    await setImmediate();
    expect(begun).toEqual(['m1', 'other']);
    slow.resolve(pong(1n));
    await setImmediate();
    expect(begun).toEqual(['m1', 'other', 'c1']);
    alone.resolve(pong(2n));
    await setImmediate();
    expect(begun).toEqual(['m1', 'other', 'c1', 'm2', 'm3']);
    submissions.begin(task('a', begin('m4', work())));
    expect(begun).toHaveLength(6);
  });

  it('stop at the first failure: what comes after it in a group is not done', async () => {
    const submissions = new Submissions({ requests: 10, bytes: 100 }, new Bell());
    const [first] = [work()];
    let done = 0;
    submissions.goAlone(
      task('a', () => first.promise),
      atOnce,
    );
    submissions.goAlone(
      task('a', () => Promise.resolve(pong(BigInt((done += 1))))),
      atOnce,
    );
    submissions.begin(task('a', () => Promise.resolve(pong(BigInt((done += 1))))));
    first.reject('away');
    await setImmediate();
    expect(submissions.failure).toEqual({ error: 'away' });
    expect([done, submissions.takeAll(), submissions.isIdle]).toEqual([0, [], true]);
  });
});
