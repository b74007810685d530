import { manualClock } from '@canopy/service';
import { openSqlite } from '@canopy/storage';
import type { RateLimits, TakeTokens } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RequestLimits, type Exceeded } from '../src/request-limits.ts';

const clock = manualClock(1_800_000_000_000);
const store = openSqlite(':memory:');
let asked: TakeTokens[];
let rateLimits: RateLimits;

beforeEach(() => {
  asked = [];
  rateLimits = {
    take(request) {
      asked.push(request);
      return store.rateLimits.take(request);
    },
  };
});

afterEach(() => {
  // Every test has its own time: the buckets are full again.
  clock.advance(1_000_000);
});

function limits(perDevice: number, perGroup = 0): RequestLimits {
  return new RequestLimits({ rateLimits, clock, perDevice, perGroup });
}

async function take(of: RequestLimits, times: number): Promise<(Exceeded | undefined)[]> {
  return Promise.all(Array.from({ length: times }, async () => of.ofDevice('alice')));
}

describe('the limits of requests', () => {
  it('let ten seconds of requests through, however many come at a time, and then say when to come back', async () => {
    const answers = await take(limits(10), 150);
    const exceeded = answers.filter((answer) => answer !== undefined);
    expect(exceeded).toHaveLength(50);
    expect(exceeded[0]).toEqual({
      limit: 'CANOPY_REQUESTS_PER_DEVICE',
      value: 10,
      retryAfterMs: expect.any(Number),
    });
  });

  it('ask the store once for a handful', async () => {
    const of = limits(1_000);
    const answers = await take(of, 1_000);
    expect(answers.every((answer) => answer === undefined)).toBe(true);
    expect(asked).toHaveLength(10);
    expect(of.ofDevice('bob')).toBeInstanceOf(Promise);
  });

  it('count for all replicas together', async () => {
    const [one, other] = [limits(1), limits(1)];
    const answers = [...(await take(one, 8)), ...(await take(other, 8))];
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(10);
  });

  it('count what is worth many as many, which wait for each other but never for ever', async () => {
    const of = limits(2);
    expect(await of.ofDevice('alice', 15)).toBeUndefined();
    const exceeded = await of.ofDevice('alice', 15);
    expect(exceeded).toMatchObject({ limit: 'CANOPY_REQUESTS_PER_DEVICE', value: 2, retryAfterMs: 5_500 });
    clock.advance(5_500);
    // The request itself, and what it is worth.
    expect([await of.ofDevice('alice'), await of.ofDevice('alice', 15)]).toEqual([undefined, undefined]);
    expect(await of.ofDevice('alice')).toBeDefined();
    clock.advance(10_000);
    // More than ever comes at once.
    expect([await of.ofDevice('alice'), await of.ofDevice('alice', 5_000)]).toEqual([undefined, undefined]);
    expect([await of.ofDevice('alice'), await of.ofDevice('alice')]).toEqual([undefined, expect.anything()]);
  });

  it('are none where they are 0', () => {
    expect(limits(0).ofDevice('alice')).toBeUndefined();
    expect(limits(0).ofGroup(new Uint8Array([1]))).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('say that the store is away, and go on when it is there again', async () => {
    let isAway = true;
    const sometimes: RateLimits = {
      take: (request) => (isAway ? Promise.reject(new Error('away')) : rateLimits.take(request)),
    };
    const of = new RequestLimits({ rateLimits: sometimes, clock, perDevice: 1, perGroup: 0 });
    await expect(of.ofDevice('alice')).rejects.toThrow('away');
    isAway = false;
    expect(await of.ofDevice('alice')).toBeUndefined();
  });
});
