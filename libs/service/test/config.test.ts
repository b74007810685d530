import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  choice,
  ConfigError,
  type ConfigOf,
  describeConfig,
  duration,
  flag,
  integer,
  list,
  only,
  optional,
  path,
  port,
  readConfig,
  secret,
  serverSettings,
  text,
  type Setting,
} from '../src/index.ts';

const schema = {
  domain: text({ env: 'DOMAIN', description: 'the domain' }),
  port: port({ env: 'PORT', description: 'the port', default: '8080' }),
  limit: integer({ env: 'LIMIT', description: 'the limit', default: '10', minimum: 1, maximum: 100 }),
  wait: duration({ env: 'WAIT', description: 'the wait', default: '10s' }),
  open: flag({ env: 'OPEN', description: 'whether open', default: 'false' }),
  level: choice({ env: 'LEVEL', description: 'the level', default: 'info', words: ['info', 'debug'] }),
  data: path({ env: 'DATA', description: 'the folder', default: 'data' }),
  peers: list({ env: 'PEERS', description: 'the peers', default: '' }),
  admin: optional(secret({ env: 'ADMIN_SECRET', description: 'the secret', minimumLength: 8 })),
};

function faultsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(schema, environment);
  } catch (error) {
    return error instanceof ConfigError ? error.faults : [String(error)];
  }
  return [];
}

const number = (env: string): Setting<number> =>
  integer({ env, description: 'a number', minimum: 0, maximum: 9 });

describe('the configuration', () => {
  it('has defaults for all that may be left out', () => {
    expect(readConfig(schema, { DOMAIN: 'example.com' })).toEqual({
      domain: 'example.com',
      port: 8080,
      limit: 10,
      wait: 10_000,
      open: false,
      level: 'info',
      data: resolve('data'),
      peers: [],
      admin: undefined,
    });
  });

  it('is read from the environment, where an empty value counts as none', () => {
    const environment = {
      DOMAIN: 'a.b',
      PORT: '0',
      LIMIT: '100',
      WAIT: '5m',
      OPEN: '1',
      LEVEL: '',
      PEERS: 'x, y ,',
    };
    expect(readConfig(schema, environment)).toMatchObject({
      port: 0,
      limit: 100,
      wait: 300_000,
      open: true,
      level: 'info',
      peers: ['x', 'y'],
    });
  });

  it('reports all faults at once, in words, without the values', () => {
    const environment = {
      PORT: '65536',
      LIMIT: '0',
      WAIT: '10 seconds',
      OPEN: 'yes',
      LEVEL: 'loud',
      ADMIN_SECRET: 'hunter2',
    };
    const faults = faultsOf(environment);
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'DOMAIN',
      'PORT',
      'LIMIT',
      'WAIT',
      'OPEN',
      'LEVEL',
      'ADMIN_SECRET',
    ]);
    expect(faults[1]).toBe('PORT is not such a value (expected: whole number, 0 to 65535; the port)');
    expect(faults.join()).not.toContain('hunter2');
  });

  it('reports what is wrong between settings together with what is wrong with one, and not what follows from it', () => {
    const rules = { low: number('LOW'), high: number('HIGH'), other: number('OTHER') };
    const check = ({ low = 0, high = Infinity }: Partial<ConfigOf<typeof rules>>): string[] =>
      low <= high ? [] : ['LOW is above HIGH'];
    const read = (environment: NodeJS.ProcessEnv): unknown => readConfig(rules, environment, check);
    expect(read({ LOW: '1', HIGH: '2', OTHER: '3' })).toEqual({ low: 1, high: 2, other: 3 });
    expect(() => read({ LOW: '2', HIGH: '1', OTHER: '3' })).toThrow(/:\n.*LOW is above HIGH$/);
    expect(() => read({ LOW: '2', HIGH: '1', OTHER: 'x' })).toThrow(/OTHER is not[^]*LOW is above HIGH$/);
    expect(() => read({ LOW: '2', HIGH: 'x', OTHER: '3' })).toThrow(/^[^\n]*\n.*HIGH is not such a value.*$/);
  });

  it('takes only some of the values of a setting, and says which', () => {
    const even = { count: only(number('COUNT'), 'even number', (value) => value % 2 === 0) };
    expect(readConfig(even, { COUNT: '4' })).toEqual({ count: 4 });
    expect(() => readConfig(even, { COUNT: '5' })).toThrow(
      'COUNT is not such a value (expected: even number; a number)',
    );
    expect(() => readConfig(even, { COUNT: 'x' })).toThrow(ConfigError);
  });

  it.each(['1.5', '1e1', '0x10', ' 7', '', '9'.repeat(20)].filter((value) => value !== ''))(
    'takes no number written as %j',
    (value) => {
      expect(faultsOf({ DOMAIN: 'a', LIMIT: value })).toHaveLength(1);
    },
  );

  it('never prints a secret, but gives it to who asks', () => {
    const config = readConfig(schema, { DOMAIN: 'a', ADMIN_SECRET: 'correct horse' });
    expect(
      [inspect(config, { depth: 9 }), JSON.stringify(config), String(config.admin)].join(),
    ).not.toContain('horse');
    expect(config.admin?.reveal()).toBe('correct horse');
  });

  it('takes a secret from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'canopy-config-'));
    try {
      const file = join(folder, 'secret');
      writeFileSync(file, 'correct horse\n');
      expect(readConfig(schema, { DOMAIN: 'a', ADMIN_SECRET_FILE: file }).admin?.reveal()).toBe(
        'correct horse',
      );
      expect(faultsOf({ DOMAIN: 'a', ADMIN_SECRET_FILE: join(folder, 'none') })).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('describes itself as a table for people', () => {
    const table = describeConfig(schema).split('\n');
    expect(table[2]).toBe('| `DOMAIN` | text | **required** | the domain |');
    expect(table[3]).toBe('| `PORT` | whole number, 0 to 65535 | `8080` | the port |');
    expect(table.at(-1)).toBe(
      '| `ADMIN_SECRET` or `ADMIN_SECRET_FILE` | secret of at least 8 characters | none | the secret |',
    );
  });

  it('of every server listens on loopback unless told otherwise', () => {
    expect(readConfig(serverSettings, {})).toMatchObject({ host: '127.0.0.1', port: 0, reflection: false });
  });
});
