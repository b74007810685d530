import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { WakeUpCalls } from '../../src/redis/wake-up-calls.ts';
import { sleeper } from '../bench.ts';

const HALF_A_MINUTE = 30_000;

describe('those who want to be woken', () => {
  let calls: WakeUpCalls;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
    // Nothing is heard of: no server is known.
    calls = new WakeUpCalls(() => undefined);
  });
  afterEach(() => {
    calls.close();
    jest.useRealTimers();
  });

  it('look once in half a minute even if nothing is heard, however many they are', async () => {
    const sleepers = Array.from({ length: 1000 }, () => sleeper());
    sleepers.forEach((one, i) => calls.on(`channel ${i}`, one.wake));
    jest.advanceTimersByTime(HALF_A_MINUTE + 1000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sleepers.filter((one) => one.calls() === 0)).toHaveLength(0);
    expect(Math.max(...sleepers.map((one) => one.calls()))).toBeLessThanOrEqual(2);
  });

  it('are not called any more after they have left, not even when the call was on its way', async () => {
    const one = sleeper();
    const leave = calls.on('channel', one.wake);
    calls.wake('channel');
    leave();
    leave();
    calls.wake('channel');
    jest.advanceTimersByTime(HALF_A_MINUTE);
    await new Promise((resolve) => setImmediate(resolve));
    expect(one.calls()).toBe(0);
  });

  it('are called at once when others follow the channel already: what was published before is theirs too', async () => {
    const [first, second] = [sleeper(), sleeper()];
    calls.on('channel', first.wake);
    calls.on('channel', second.wake);
    await new Promise((resolve) => setImmediate(resolve));
    expect([first.calls(), second.calls()]).toEqual([0, 1]);
  });
});
