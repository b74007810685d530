import { createLogger } from '@canopy/service';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { readAuthenticationConfig } from '../src/config.ts';
import { serveJwks } from '../src/jwks-server.ts';
import { refreshRegularly } from '../src/refresh.ts';

const lines: string[] = [];
const destination = { write: (line: string) => void lines.push(line) };
const log = createLogger({ service: 'test', level: 'info', destination });
const config = readAuthenticationConfig({
  CANOPY_DOMAIN: 'example.com',
  CANOPY_DATA: 'unused',
  CANOPY_HTTP_PORT: '0',
});

afterEach(() => {
  jest.useRealTimers();
  lines.length = 0;
});

describe('the key set over HTTP', () => {
  it('follows the keys, and says 503 while they cannot be read', async () => {
    const answers = [Promise.resolve('{"keys":[1]}'), Promise.resolve('{"keys":[2]}')];
    const close = await serveJwks(() => answers.shift() ?? Promise.reject(new Error('away')), config, log);
    const { port }: { readonly port: number } = JSON.parse(lines[0] ?? '');
    const get = () => fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`);
    expect(await (await get()).text()).toBe('{"keys":[1]}');
    expect(await (await get()).text()).toBe('{"keys":[2]}');
    const away = await get();
    expect([away.status, await away.text()]).toEqual([503, '']);
    answers.push(Promise.resolve('{"keys":[3]}'));
    expect(await (await get()).text()).toBe('{"keys":[3]}');
    await close();
    await expect(get()).rejects.toThrow();
  });
});

describe('what is due with nobody asking', () => {
  it('is done again and again, also after it has failed, until it is stopped', async () => {
    jest.useFakeTimers();
    let calls = 0;
    const refresh = (): Promise<void> => {
      calls += 1;
      return calls === 2 ? Promise.reject(new Error('away')) : Promise.resolve();
    };
    const stop = refreshRegularly(refresh, config, log);
    await jest.advanceTimersByTimeAsync(90_000);
    expect(calls).toBe(3);
    expect(lines.filter((line) => line.includes('not-refreshed'))).toHaveLength(1);
    stop();
    await jest.advanceTimersByTimeAsync(90_000);
    expect(calls).toBe(3);
  });

  it('is done several times within the time that a key is published before it signs', async () => {
    jest.useFakeTimers();
    let calls = 0;
    const short = readAuthenticationConfig({
      CANOPY_DOMAIN: 'example.com',
      CANOPY_DATA: 'unused',
      CANOPY_ATTESTATION_LIFETIME: '10m',
      CANOPY_SIGNING_KEY_LIFETIME: '60s',
      CANOPY_REVOCATION_LIST_LIFETIME: '60s',
    });
    const stop = refreshRegularly(() => Promise.resolve(void (calls += 1)), short, log);
    await jest.advanceTimersByTimeAsync(15_000);
    expect(calls).toBeGreaterThanOrEqual(3);
    stop();
  });
});
