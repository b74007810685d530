import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';

const folder = `${import.meta.dirname}/../../src/redis/scripts`;
const scripts = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(`${folder}/${name}`, 'utf8'),
}));
const calls = scripts.flatMap(({ name, text }) =>
  [...text.matchAll(/redis\.p?call\(\s*'(?<command>\w+)'(?:,\s*(?<key>[^,)\]]+\]?))?/gu)].map(
    ({ groups }) => ({
      name,
      command: groups?.['command'] ?? '',
      key: groups?.['key'] ?? '',
    }),
  ),
);

/** Commands that look at everything there is. */
const FORBIDDEN = ['KEYS', 'SCAN', 'SMEMBERS', 'RANDOMKEY', 'FLUSHALL', 'FLUSHDB'];

describe('the scripts', () => {
  it('are there, and were read as they are written', () => {
    expect(scripts.length).toBeGreaterThan(30);
    const written = scripts.flatMap(({ text }) => text.match(/redis\.p?call\(/gu) ?? []);
    expect(calls).toHaveLength(written.length);
  });

  it('touch only keys that they are given, so that a cluster knows the slot of each step', () => {
    const given = /^KEYS\[\w+\]$/u;
    const other = calls.filter(({ command, key }) => command !== 'TIME' && !given.test(key.trim()));
    expect(other).toEqual([]);
  });

  it('never look at all keys', () => {
    expect(calls.filter(({ command }) => FORBIDDEN.includes(command))).toEqual([]);
  });
});
