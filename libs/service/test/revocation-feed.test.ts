import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  createLogger,
  startRevocationFeed,
  type OfferedRevocationList,
  type RevocationFeed,
  type RevocationListAcceptance,
  type RevocationFeedOptions,
} from '../src/index.ts';

const INTERVAL_MS = 10_000;

/** Accepts every list, whose text is `list <its number>`. */
function acceptAll(jwt: string): Promise<RevocationListAcceptance> {
  return Promise.resolve({ valid: true, list: { number: Number(jwt.slice(5)) } });
}

let feed: RevocationFeed | undefined;
const lines: string[] = [];

function start(
  options: Pick<RevocationFeedOptions, 'fetch'> & Partial<RevocationFeedOptions>,
): RevocationFeed {
  const log = createLogger({ service: 'toy', destination: { write: (line) => void lines.push(line) } });
  feed = startRevocationFeed({
    accept: acceptAll,
    intervalMs: INTERVAL_MS,
    log,
    ...options,
  });
  return feed;
}

function list(number: bigint): OfferedRevocationList {
  return { number, jwt: `list ${number}` };
}

beforeEach(() => {
  jest.useFakeTimers();
  lines.length = 0;
});

afterEach(() => {
  feed?.stop();
  jest.useRealTimers();
});

describe('the feed of revocation lists', () => {
  it('looks at once, then after every interval, with the number that it knows', async () => {
    const asked: bigint[] = [];
    const accepted: string[] = [];
    start({
      fetch(known) {
        asked.push(known);
        return Promise.resolve(known < 2n ? list(known + 1n) : undefined);
      },
      accept(jwt) {
        accepted.push(jwt);
        return acceptAll(jwt);
      },
    });
    await jest.advanceTimersByTimeAsync(0);
    expect(asked).toEqual([0n]);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS - 1);
    expect(asked).toEqual([0n]);
    await jest.advanceTimersByTimeAsync(1 + 2 * INTERVAL_MS);
    expect(asked).toEqual([0n, 1n, 2n, 2n]);
    expect(accepted).toEqual(['list 1', 'list 2']);
  });

  it('goes on after a failure, and says so in the log without the list', async () => {
    const answers = [() => Promise.reject(new Error('no route to host')), () => Promise.resolve(list(7n))];
    const accepted: string[] = [];
    start({
      fetch: () => answers.shift()?.() ?? Promise.resolve(undefined),
      accept(jwt) {
        accepted.push(jwt);
        return acceptAll(jwt);
      },
    });
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(accepted).toEqual(['list 7']);
    expect(lines.join('')).toContain('no route to host');
    expect(lines.join('')).not.toContain('list 7');
  });

  it('does not take a refused list for known', async () => {
    const asked: bigint[] = [];
    start({
      fetch(known) {
        asked.push(known);
        return Promise.resolve(list(9n));
      },
      accept: () => Promise.resolve({ valid: false, reason: 'REVOCATION_LIST_ROLLED_BACK' }),
    });
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(asked).toEqual([0n, 0n]);
    expect(lines.join('')).toContain('REVOCATION_LIST_ROLLED_BACK');
  });

  it('believes the number that is signed, not the one beside it', async () => {
    const asked: bigint[] = [];
    start({
      fetch(known) {
        asked.push(known);
        return Promise.resolve({ number: 1_000_000n, jwt: 'list 3' });
      },
    });
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(asked).toEqual([0n, 3n]);
  });

  it('offers a list again that could not be acted upon', async () => {
    const accepted: string[] = [];
    start({
      fetch: (known) => Promise.resolve(known === 0n ? list(1n) : undefined),
      accept(jwt) {
        accepted.push(jwt);
        return accepted.length === 1 ? Promise.reject(new Error('store away')) : acceptAll(jwt);
      },
    });
    await jest.advanceTimersByTimeAsync(3 * INTERVAL_MS);
    expect(accepted).toEqual(['list 1', 'list 1']);
  });

  it('looks again when asked to, after the look under way, once for all who ask', async () => {
    const answers: PromiseWithResolvers<OfferedRevocationList | undefined>[] = [];
    const asked = start({
      fetch() {
        const answer = Promise.withResolvers<OfferedRevocationList | undefined>();
        answers.push(answer);
        return answer.promise;
      },
    });
    const refreshed = Promise.all([asked.refresh(), asked.refresh(), asked.refresh()]);
    expect(answers).toHaveLength(1);
    answers[0]?.resolve(undefined);
    await jest.advanceTimersByTimeAsync(0);
    expect(answers).toHaveLength(2);
    answers[1]?.resolve(undefined);
    await refreshed;
    expect(answers).toHaveLength(2);
  });

  it('looks no more after it was stopped, and gives up the look under way', async () => {
    const looks: AbortSignal[] = [];
    const stopped = start({
      fetch(_, signal) {
        looks.push(signal);
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
    });
    stopped.stop();
    await jest.advanceTimersByTimeAsync(5 * INTERVAL_MS);
    await stopped.refresh();
    expect(looks.map(({ aborted }) => aborted)).toEqual([true]);
    expect(lines).toEqual([]);
  });
});
