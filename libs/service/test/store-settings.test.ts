import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  checkStore,
  ConfigError,
  readConfig,
  storeChoice,
  storeSettings,
  type StoreChoice,
} from '../src/index.ts';

function choose(environment: NodeJS.ProcessEnv): StoreChoice {
  return storeChoice(readConfig(storeSettings, environment, checkStore), 'toy');
}

function faultsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    choose(environment);
  } catch (error) {
    return error instanceof ConfigError ? error.faults : [String(error)];
  }
  return [];
}

const usual = { name: 'toy', replicas: 0, timeoutMs: 5_000 };

describe('the settings of the store', () => {
  it('choose a file of SQLite when nothing else is said', () => {
    expect(choose({ CANOPY_DATA: '/data' })).toEqual({ store: 'sqlite', folder: '/data', name: 'toy' });
  });

  it('choose one Redis', () => {
    expect(choose({ CANOPY_STORE: 'redis', CANOPY_REDIS_URLS: 'redis://cache:6379' })).toEqual({
      store: 'redis',
      url: 'redis://cache:6379',
      ...usual,
    });
  });

  it('choose a Redis behind Sentinels, with a wait for replicas', () => {
    const environment = {
      CANOPY_STORE: 'redis-sentinel',
      CANOPY_REDIS_URLS: 'redis://a:26379, redis://b:26379',
      CANOPY_REDIS_SENTINEL_NAME: 'main',
      CANOPY_REDIS_REPLICAS: '1',
      CANOPY_REDIS_TIMEOUT: '2s',
    };
    expect(choose(environment)).toEqual({
      store: 'redis-sentinel',
      urls: ['redis://a:26379', 'redis://b:26379'],
      sentinelName: 'main',
      name: 'toy',
      replicas: 1,
      timeoutMs: 2_000,
    });
  });

  it('choose a cluster, with user, password and certificates from files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'store-settings-'));
    try {
      writeFileSync(join(folder, 'password'), 'swordfish\n');
      writeFileSync(join(folder, 'ca.pem'), 'a certificate');
      const environment = {
        CANOPY_STORE: 'redis-cluster',
        CANOPY_REDIS_URLS: 'rediss://a:7000,rediss://b:7000',
        CANOPY_REDIS_USERNAME: 'canopy',
        CANOPY_REDIS_PASSWORD_FILE: join(folder, 'password'),
        CANOPY_REDIS_CA: join(folder, 'ca.pem'),
      };
      expect(choose(environment)).toEqual({
        store: 'redis-cluster',
        urls: ['rediss://a:7000', 'rediss://b:7000'],
        username: 'canopy',
        password: 'swordfish',
        ca: Buffer.from('a certificate'),
        ...usual,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    [{}, 'CANOPY_DATA is missing'],
    [{ CANOPY_DATA: '/data', CANOPY_REDIS_URLS: 'redis://a' }, 'CANOPY_REDIS_URLS is of no use'],
    [{ CANOPY_STORE: 'redis' }, 'CANOPY_REDIS_URLS is missing'],
    [{ CANOPY_STORE: 'redis', CANOPY_REDIS_URLS: 'redis://a,redis://b' }, 'more than one address'],
    [{ CANOPY_STORE: 'redis', CANOPY_REDIS_URLS: 'http://a' }, 'CANOPY_REDIS_URLS is not such a value'],
    [
      { CANOPY_STORE: 'redis-sentinel', CANOPY_REDIS_URLS: 'redis://a' },
      'CANOPY_REDIS_SENTINEL_NAME is missing',
    ],
    [{ CANOPY_STORE: 'redis-cluster', CANOPY_REDIS_URLS: 'redis://a,rediss://b' }, 'with and without TLS'],
    [
      { CANOPY_STORE: 'redis', CANOPY_REDIS_URLS: 'redis://a', CANOPY_REDIS_CA: '/ca' },
      'CANOPY_REDIS_CA is of no use',
    ],
  ])('refuse %j', (environment, fault) => {
    expect(faultsOf(environment)).toEqual([expect.stringContaining(fault)]);
  });

  it('take no password inside an address, and do not show it', () => {
    const faults = faultsOf({ CANOPY_STORE: 'redis', CANOPY_REDIS_URLS: 'redis://canopy:swordfish@a:6379' });
    expect(faults.join()).toContain('no password inside');
    expect(faults.join()).not.toContain('swordfish');
  });
});
