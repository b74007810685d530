import { beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import {
  ATTESTATION_EXTENSION_TYPE,
  attestationExtension,
  attestationOf,
  IdentityError,
  MAX_ATTESTATION_LENGTH,
  signAttestation,
  verifyAttestation,
  type AttestationVerdict,
} from '../src/index.ts';
import {
  attest,
  createAuthority,
  DEVICE,
  DOMAIN,
  forge,
  goodClaims,
  newKey,
  NOW,
  USER,
  type Authority,
} from './authority.ts';

let authority: Authority;
const key = newKey();

beforeAll(async () => {
  authority = await createAuthority();
});

function verify(jwt: string, nowMs = NOW): Promise<AttestationVerdict> {
  return verifyAttestation(jwt, { domain: DOMAIN, keys: authority.keys, nowMs });
}

async function reasonFor(jwt: string, nowMs = NOW): Promise<string> {
  const verdict = await verify(jwt, nowMs);
  return verdict.valid ? 'accepted' : verdict.reason;
}

describe('an attestation', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('states the key of a device, for suite %i', async (cipherSuite) => {
    const signatureKey = newKey(cipherSuite);
    expect(await verify(await attest(authority, signatureKey, { cipherSuite }))).toEqual({
      valid: true,
      kid: 'current',
      attestation: {
        domain: DOMAIN,
        device: DEVICE,
        user: USER,
        cipherSuite,
        signatureKey,
        issuedAtMs: NOW,
        expiresAtMs: NOW + 3_600_000,
      },
    });
  });

  it('holds until the last millisecond before its end', async () => {
    const jwt = await attest(authority, key);
    expect(await reasonFor(jwt, NOW + 3_599_999)).toBe('accepted');
    expect(await reasonFor(jwt, NOW + 3_600_000)).toBe('ATTESTATION_EXPIRED');
  });

  it('is refused when another key signed it under the same name', async () => {
    expect(await reasonFor(await attest(await createAuthority(), key))).toBe('ATTESTATION_BAD_SIGNATURE');
  });

  it('is refused when a claim was changed after signing', async () => {
    const [header, , signature] = (await attest(authority, key)).split('.');
    const claims = Buffer.from(JSON.stringify(goodClaims(newKey()))).toString('base64url');
    expect(await reasonFor(`${header}.${claims}.${signature}`)).toBe('ATTESTATION_BAD_SIGNATURE');
  });

  it.each([
    ['ATTESTATION_WRONG_DOMAIN', { iss: 'example.org' }, {}],
    ['ATTESTATION_WRONG_DOMAIN', { iss: undefined }, {}],
    [
      'ATTESTATION_CLAIM_INVALID',
      { sub: 'mimi://example.org/d/alice/a1b2c3d4', user: 'mimi://example.org/u/alice' },
      {},
    ],
    ['ATTESTATION_CLAIM_INVALID', { sub: USER }, {}],
    ['ATTESTATION_CLAIM_INVALID', { sub: undefined }, {}],
    ['ATTESTATION_CLAIM_INVALID', { user: 'mimi://example.com/u/bob' }, {}],
    ['ATTESTATION_CLAIM_INVALID', { user: undefined }, {}],
    ['ATTESTATION_CLAIM_INVALID', { cipher_suite: 2 }, {}],
    ['ATTESTATION_CLAIM_INVALID', { cipher_suite: 0 }, {}],
    ['ATTESTATION_CLAIM_INVALID', { cipher_suite: '1' }, {}],
    ['ATTESTATION_CLAIM_INVALID', { key: undefined }, {}],
    ['ATTESTATION_CLAIM_INVALID', { key: 'AAAA' }, {}],
    ['ATTESTATION_CLAIM_INVALID', { key: `${'A'.repeat(42)}B` }, {}],
    ['ATTESTATION_CLAIM_INVALID', { iat: undefined }, {}],
    ['ATTESTATION_CLAIM_INVALID', { exp: undefined }, {}],
    ['ATTESTATION_CLAIM_INVALID', { exp: 'never' }, {}],
    ['ATTESTATION_WRONG_TYPE', {}, { typ: 'at+jwt' }],
    ['ATTESTATION_WRONG_TYPE', {}, { typ: undefined }],
    ['ATTESTATION_UNKNOWN_KEY', {}, { kid: 'other' }],
    ['ATTESTATION_UNKNOWN_KEY', {}, { kid: undefined }],
    ['ATTESTATION_UNKNOWN_KEY', {}, { kid: '__proto__' }],
  ])('is refused with %s for claims %j and header %j', async (reason, claims, header) => {
    expect(await reasonFor(await forge(authority, { ...goodClaims(key), ...claims }, header))).toBe(reason);
  });

  it('is refused with any other algorithm, also with none', async () => {
    const header = { alg: 'HS256', typ: 'canopy-attestation+jwt', kid: 'current' };
    const secret = Buffer.from(String(authority.jwk['x']), 'base64url');
    const symmetric = await new SignJWT(goodClaims(key)).setProtectedHeader(header).sign(secret);
    expect(await reasonFor(symmetric)).toBe('ATTESTATION_WRONG_ALGORITHM');
    expect(await reasonFor(new UnsecuredJWT(goodClaims(key)).encode())).toBe('ATTESTATION_MALFORMED');
    const none = { alg: 'none', typ: 'canopy-attestation+jwt', kid: 'current' };
    const parts = [none, goodClaims(key)].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    expect(await reasonFor(`${parts.join('.')}.AAAA`)).toBe('ATTESTATION_WRONG_ALGORITHM');
  });

  it.each(['', 'x', 'a.b.c', 'a.b.c.d', '....', 'é.é.é', 'e30.e30.AAAA'])(
    'is refused when it is none: %j',
    async (jwt) => {
      expect(await reasonFor(jwt)).toMatch(/MALFORMED|WRONG_ALGORITHM/);
    },
  );

  it('is refused when it is too long, before anything else is done with it', async () => {
    const jwt = await forge(authority, { ...goodClaims(key), more: 'x'.repeat(MAX_ATTESTATION_LENGTH) });
    expect(await reasonFor(jwt)).toBe('ATTESTATION_TOO_LONG');
  });

  it('says nothing when the source of the keys cannot say now', async () => {
    const keys = { keyFor: () => Promise.reject(new Error('away')) };
    const check = { domain: DOMAIN, keys, nowMs: NOW };
    await expect(verifyAttestation(await attest(authority, key), check)).rejects.toThrow('away');
  });

  it('is not made for a key that does not fit the suite, nor for a name that is none', async () => {
    const claims = { device: DEVICE, cipherSuite: 2, signatureKey: key, issuedAtMs: NOW, expiresAtMs: NOW };
    await expect(signAttestation(claims, authority)).rejects.toMatchObject({
      code: 'INVALID_ATTESTATION_CLAIMS',
    });
    const nameless = signAttestation({ ...claims, cipherSuite: 1, device: USER }, authority);
    await expect(nameless).rejects.toThrow(IdentityError);
  });
});

describe('the attestation extension', () => {
  it('carries the attestation as it is', async () => {
    const jwt = await attest(authority, key);
    const extension = attestationExtension(jwt);
    expect(extension.extensionType).toBe(0xf0ca);
    expect(Buffer.from(extension.extensionData).toString('ascii')).toBe(jwt);
    expect(attestationOf([{ extensionType: 1, extensionData: new Uint8Array(3) }, extension])).toBe(jwt);
    expect(attestationOf([])).toBeUndefined();
  });

  it('is not read further than an attestation can be long', () => {
    const extensionData = new Uint8Array(1_000_000).fill(0x61);
    const found = attestationOf([{ extensionType: ATTESTATION_EXTENSION_TYPE, extensionData }]);
    expect(found).toHaveLength(MAX_ATTESTATION_LENGTH + 1);
  });
});
