import { describeConfig } from '@canopy/service';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { directorySettings, readDirectoryConfig } from '../src/config.ts';

const good = {
  CANOPY_DOMAIN: 'example.com',
  CANOPY_AUTHENTICATION_SERVICE: '127.0.0.1:7001',
  CANOPY_DATA: '/tmp',
};

describe('the configuration', () => {
  it('has defaults for everything but domain, authentication service and data folder', () => {
    expect(readDirectoryConfig(good)).toMatchObject({ domain: 'example.com', maxStock: 500 });
    expect(() => readDirectoryConfig({})).toThrow(
      /CANOPY_DOMAIN[^]*CANOPY_AUTHENTICATION_SERVICE[^]*CANOPY_DATA/,
    );
  });

  it('refuses limits with which the answer to a claim could not be sent', () => {
    const many = { ...good, CANOPY_MAX_CLAIM_DEVICES: '1000' };
    expect(() => readDirectoryConfig(many)).toThrow('CANOPY_MAX_CLAIM_DEVICES times');
    expect(() => readDirectoryConfig({ ...many, CANOPY_MAX_MESSAGE_BYTES: '20000000' })).not.toThrow();
  });

  it('tells of limits that do not fit beside other faults', () => {
    const faulty = { CANOPY_DOMAIN: 'example.com', CANOPY_PORT: 'http', CANOPY_MAX_CLAIM_DEVICES: '1000' };
    expect(() => readDirectoryConfig(faulty)).toThrow(
      /CANOPY_PORT[^]*CANOPY_AUTHENTICATION_SERVICE[^]*CANOPY_MAX_CLAIM_DEVICES times/,
    );
  });

  it('stands in the README as it is', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8').replaceAll(/ +/g, ' ');
    const rows = describeConfig(directorySettings).split('\n').slice(2);
    for (const row of rows) {
      expect(readme).toContain(row.replaceAll(/ +/g, ' '));
    }
  });
});
