import { callUnary } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { nameOfSignatureKey } from '@canopy/identity';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeProtectedHeader,
  jwtVerify,
  type JSONWebKeySet,
} from 'jose';
import {
  bearerOf,
  DOMAIN,
  enrol,
  failureOf,
  NOW,
  startBench,
  TokenAudience,
  tokenOf,
  tokenRequest,
  type Bench,
  type TestDevice,
} from '../bench.ts';

const UNKNOWN = 'mimi://example.com/d/alice/abcdefgh';

let bench: Bench;
let alice: TestDevice;

beforeEach(async () => {
  bench = await startBench();
  alice = await enrol(bench);
});

afterEach(async () => {
  await bench.close();
  expect(bench.incidents).toEqual([]);
});

async function refusedAs(call: Promise<unknown>): Promise<string> {
  const { code, reason } = await failureOf(call);
  return `${code} ${reason}`;
}

const ALIKE = 'UNAUTHENTICATED DEVICE_NOT_AUTHENTICATED';

describe('access tokens', () => {
  it.each([1, 2, 4, 5, 7])('are made for a device with a key of suite %i', async (cipherSuite) => {
    const device = await enrol(bench, { cipherSuite });
    expect(await tokenOf(bench, device)).not.toBe('');
  });

  it('state what every service checks, and verify against the published keys', async () => {
    const audiences = [TokenAudience.DELIVERY, TokenAudience.DIRECTORY, TokenAudience.AUTHENTICATION];
    const request = await tokenRequest(bench, alice, audiences);
    const { tokens } = await callUnary(bench.client, 'createAccessTokens', request);
    const { domain, jwksJson } = await callUnary(bench.client, 'getJwks', {});
    const set: JSONWebKeySet = JSON.parse(jwksJson);
    expect(domain).toBe(DOMAIN);
    expect(tokens.map(({ audience }) => audience)).toEqual(audiences);
    const names = ['canopy-delivery', 'canopy-directory', 'canopy-authentication'];
    const seen = new Set<unknown>();
    for (const [index, { token, expiresAtUnixMs }] of tokens.entries()) {
      const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(set), {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        audience: names[index] ?? '',
        issuer: DOMAIN,
        currentDate: new Date(NOW),
      });
      expect(payload).toEqual({
        iss: DOMAIN,
        aud: names[index],
        sub: alice.enrolled.device,
        cnf: { kid: nameOfSignatureKey(alice.keys.publicKey) },
        user: alice.enrolled.user,
        iat: NOW / 1000,
        exp: NOW / 1000 + 600,
        jti: expect.any(String),
      });
      expect(protectedHeader.kid).toBe(await calculateJwkThumbprint(set.keys[0] ?? { kty: 'OKP' }));
      expect(expiresAtUnixMs).toBe(BigInt(NOW + 600_000));
      seen.add(payload.jti);
    }
    expect(seen.size).toBe(3);
  });

  it('are signed with a key whose private half is not published', async () => {
    const { jwksJson } = await callUnary(bench.client, 'getJwks', {});
    const set: JSONWebKeySet = JSON.parse(jwksJson);
    expect(set.keys.map((key) => Object.keys(key).toSorted())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
    ]);
    expect(decodeProtectedHeader(await tokenOf(bench, alice)).kid).toBe(set.keys[0]?.kid);
  });

  it('are not made twice for one challenge', async () => {
    const request = await tokenRequest(bench, alice);
    await callUnary(bench.client, 'createAccessTokens', request);
    expect(await refusedAs(callUnary(bench.client, 'createAccessTokens', request))).toBe(ALIKE);
  });

  it('are made once when the same signed challenge comes twice at a time', async () => {
    const request = await tokenRequest(bench, alice);
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() => callUnary(bench.client, 'createAccessTokens', request)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are made until the challenge expires', async () => {
    const request = await tokenRequest(bench, alice);
    bench.clock.advance(120_000);
    const late = await tokenRequest(bench, alice);
    await expect(callUnary(bench.client, 'createAccessTokens', request)).resolves.toBeDefined();
    bench.clock.advance(120_001);
    expect(await refusedAs(callUnary(bench.client, 'createAccessTokens', late))).toBe(ALIKE);
  });

  it('are refused alike for a wrong key, another device, an unknown one and a made-up challenge', async () => {
    const bob = await enrol(bench, { userName: 'bob' });
    const stranger = { ...alice, keys: getCipherSuite(1).signature.generateKeyPair() };
    const nobody = { ...alice, enrolled: { ...alice.enrolled, device: UNKNOWN } };
    const own = await tokenRequest(bench, alice);
    const requests = [
      await tokenRequest(bench, stranger),
      await tokenRequest(bench, nobody),
      { ...(await tokenRequest(bench, bob)), device: alice.enrolled.device },
      { ...own, challenge: new Uint8Array(32) },
      { ...own, signature: new Uint8Array(256) },
    ];
    for (const request of requests) {
      expect(await refusedAs(callUnary(bench.client, 'createAccessTokens', request))).toBe(ALIKE);
    }
  });

  it('use a challenge up with a wrong signature, so that nobody can try twice', async () => {
    const request = await tokenRequest(bench, alice);
    const wrong = { ...request, signature: new Uint8Array(64) };
    expect(await refusedAs(callUnary(bench.client, 'createAccessTokens', wrong))).toBe(ALIKE);
    expect(await refusedAs(callUnary(bench.client, 'createAccessTokens', request))).toBe(ALIKE);
  });

  it('are not made for a revoked device, and look refused like all others', async () => {
    const request = await tokenRequest(bench, alice);
    const metadata = bearerOf(await tokenOf(bench, alice));
    await callUnary(bench.client, 'revokeDevice', { device: alice.enrolled.device }, { metadata });
    expect(await refusedAs(callUnary(bench.client, 'createAccessTokens', request))).toBe(ALIKE);
    const later = await tokenRequest(bench, alice);
    expect(await refusedAs(callUnary(bench.client, 'createAccessTokens', later))).toBe(ALIKE);
  });
});

describe('a challenge', () => {
  it('is given alike for a device that does not exist', async () => {
    const known = await callUnary(bench.client, 'beginAuthentication', { device: alice.enrolled.device });
    const unknown = await callUnary(bench.client, 'beginAuthentication', { device: UNKNOWN });
    expect(unknown.challenge).toHaveLength(known.challenge.length);
    expect(unknown.expiresAtUnixMs).toBe(known.expiresAtUnixMs);
    expect(unknown.challenge).not.toEqual(known.challenge);
  });
});
