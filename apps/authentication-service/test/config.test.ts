import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, describeConfig } from '@canopy/service';
import { describe, expect, it } from '@jest/globals';
import { authenticationSettings, readAuthenticationConfig } from '../src/config.ts';

const good = { CANOPY_DOMAIN: 'example.com', CANOPY_DATA: 'data' };

function faultsOf(environment: NodeJS.ProcessEnv): string {
  try {
    readAuthenticationConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

const cells = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `CANOPY_'))
    .map((line) => line.replaceAll(/ +/g, ' '));

describe('the configuration', () => {
  it('needs a domain and a folder only', () => {
    expect(readAuthenticationConfig(good)).toMatchObject({
      domain: 'example.com',
      adminSecret: undefined,
      httpPort: undefined,
      enrolmentCodeLifetime: 604_800_000,
      attestationLifetime: 31_536_000_000,
      challengeLifetime: 120_000,
      tokenLifetime: 600_000,
    });
    expect(faultsOf({})).toMatch(/CANOPY_DOMAIN[^]*CANOPY_DATA/);
  });

  it.each(['Example.com', 'example.com.', 'exa mple', 'https://example.com'])(
    'refuses the domain %j',
    (domain) => {
      expect(faultsOf({ ...good, CANOPY_DOMAIN: domain })).toContain('CANOPY_DOMAIN');
    },
  );

  it('tells of a wrong domain beside other faults', () => {
    const faults = faultsOf({ CANOPY_DOMAIN: 'Example.com', CANOPY_PORT: 'http' });
    expect(faults).toMatch(/CANOPY_PORT[^]*CANOPY_DOMAIN[^]*CANOPY_DATA/);
  });

  it('refuses an administrator secret of fewer than 32 characters, without showing it', () => {
    const fault = faultsOf({ ...good, CANOPY_ADMIN_SECRET: 'x'.repeat(31) });
    expect(fault).toContain('CANOPY_ADMIN_SECRET');
    expect(fault).not.toContain('xxxx');
    expect(faultsOf({ ...good, CANOPY_ADMIN_SECRET: 'x'.repeat(32) })).toBe('accepted');
  });

  it('is described in the README as it is', () => {
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
    expect(cells(readme)).toEqual(cells(describeConfig(authenticationSettings)));
  });
});
