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

  it.each([
    [{ CANOPY_OIDC_ISSUER: 'https://id.example' }, /CANOPY_OIDC_ISSUER and CANOPY_OIDC_CLIENT_ID/],
    [{ CANOPY_OIDC_CLIENT_ID: 'canopy' }, /CANOPY_OIDC_ISSUER and CANOPY_OIDC_CLIENT_ID/],
    [
      { CANOPY_X509_ISSUER_CERTIFICATE: 'a.pem' },
      /CANOPY_X509_ISSUER_CERTIFICATE and CANOPY_X509_ISSUER_KEY/,
    ],
    [{ CANOPY_SIGNING_KEY_LIFETIME: '1d' }, /CANOPY_SIGNING_KEY_LIFETIME must be at least a 50th/],
    [{ CANOPY_STORE: 'redis' }, /CANOPY_REDIS_URLS/],
    [{ CANOPY_STORE_KEY: 'too short' }, /CANOPY_STORE_KEY/],
  ])('refuses %j', (environment, fault) => {
    expect(faultsOf({ ...good, ...environment })).toMatch(fault);
  });

  it.each([
    'http://id.example',
    'id.example',
    'ftp://id.example',
    'https://id.example/?x',
    'https://id.example#x',
  ])('refuses the OpenID provider %j', (issuer) => {
    const environment = { CANOPY_OIDC_ISSUER: issuer, CANOPY_OIDC_CLIENT_ID: 'canopy' };
    expect(faultsOf({ ...good, ...environment })).toContain('CANOPY_OIDC_ISSUER');
  });

  it.each([
    'https://id.example',
    'https://id.example/realms/staff',
    'http://localhost:8080',
    'http://[::1]:1',
  ])('takes the OpenID provider %j', (issuer) => {
    const environment = { CANOPY_OIDC_ISSUER: issuer, CANOPY_OIDC_CLIENT_ID: 'canopy' };
    expect(faultsOf({ ...good, ...environment })).toBe('accepted');
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
