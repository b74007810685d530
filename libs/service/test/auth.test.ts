import { authentication, connect } from '@canopy/contract';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose';
import {
  anonymous,
  bearer,
  bindService,
  createLogger,
  readConfig,
  serve,
  serverSettings,
  unary,
  unavailable,
  createTokenVerifier,
  fixedKeySource,
  manualClock,
  remoteKeySource,
  ServiceError,
  type Caller,
  type KeySource,
  type ManualClock,
} from '../src/index.ts';

const NOW = 1_800_000_000_000;
const CLAIMS = {
  sub: 'mimi://example.com/d/alice/1',
  user: 'mimi://example.com/u/alice',
  iss: 'example.com',
  aud: 'canopy-delivery',
  iat: NOW / 1000,
  exp: NOW / 1000 + 600,
  jti: 'one',
};

let signer: CryptoKey;
let jwks: string;

async function jwkOf(key: CryptoKey, kid: string): Promise<object> {
  return { ...(await exportJWK(key)), kid };
}

beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA');
  signer = pair.privateKey;
  jwks = JSON.stringify({ keys: [await jwkOf(pair.publicKey, 'current')] });
});

function sign(claims: JWTPayload, header: object = {}, key: CryptoKey = signer): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'current', ...header })
    .sign(key);
}

async function verify(token: string, now = NOW): Promise<Caller> {
  const keys = await fixedKeySource(jwks);
  const verifier = createTokenVerifier({
    audience: 'canopy-delivery',
    issuer: 'example.com',
    keys,
    clock: manualClock(now),
  });
  return verifier(token);
}

async function refusalOf(work: Promise<unknown>): Promise<ServiceError> {
  const error: unknown = await work.then(
    () => 'accepted',
    (failure: unknown) => failure,
  );
  if (!(error instanceof ServiceError)) {
    throw new Error('the token should have been refused', { cause: error });
  }
  return error;
}

function without(claim: keyof typeof CLAIMS): JWTPayload {
  return Object.fromEntries(Object.entries(CLAIMS).filter(([name]) => name !== claim));
}

describe('an access token', () => {
  it('tells device, user and its end', async () => {
    expect(await verify(await sign(CLAIMS))).toEqual({
      device: 'mimi://example.com/d/alice/1',
      user: 'mimi://example.com/u/alice',
      expiresAtUnixMs: NOW + 600_000,
    });
  });

  it('tells the key that it was made for, where it names one', async () => {
    expect((await verify(await sign({ ...CLAIMS, cnf: { kid: 'of the key' } }))).key).toBe('of the key');
    expect(await verify(await sign(CLAIMS))).not.toHaveProperty('key');
  });

  it('is good until the last millisecond before its end', async () => {
    const token = await sign(CLAIMS);
    await expect(verify(token, NOW + 599_999)).resolves.toBeDefined();
    expect((await refusalOf(verify(token, NOW + 600_000))).message).toBe('TOKEN_EXPIRED');
  });

  it('that was taken before is refused all the same when its time is over', async () => {
    const keys = await fixedKeySource(jwks);
    const clock = manualClock(NOW);
    const verifier = createTokenVerifier({ audience: 'canopy-delivery', issuer: 'example.com', keys, clock });
    const token = await sign(CLAIMS);
    expect(await verifier(token)).toEqual(await verifier(token));
    clock.advance(600_000);
    expect((await refusalOf(verifier(token))).message).toBe('TOKEN_EXPIRED');
  });

  it('that was taken before is refused all the same when its key was withdrawn or replaced', async () => {
    const usual = await fixedKeySource(jwks);
    const { publicKey } = await generateKeyPair('EdDSA');
    const other = await fixedKeySource(JSON.stringify({ keys: [await jwkOf(publicKey, 'current')] }));
    let keys = usual;
    const verifier = createTokenVerifier({
      audience: 'canopy-delivery',
      issuer: 'example.com',
      keys: { findKey: (kid) => keys.findKey(kid) },
      clock: manualClock(NOW),
    });
    const token = await sign(CLAIMS);
    await expect(verifier(token)).resolves.toBeDefined();
    keys = { findKey: () => Promise.resolve(undefined) };
    expect((await refusalOf(verifier(token))).message).toBe('TOKEN_UNKNOWN_KEY');
    keys = other;
    expect((await refusalOf(verifier(token))).message).toBe('TOKEN_BAD_SIGNATURE');
    keys = usual;
    await expect(verifier(token)).resolves.toBeDefined();
  });

  it('does not let another one in that only looks like it', async () => {
    const keys = await fixedKeySource(jwks);
    const clock = manualClock(NOW);
    const verifier = createTokenVerifier({ audience: 'canopy-delivery', issuer: 'example.com', keys, clock });
    const token = await sign(CLAIMS);
    await verifier(token);
    const last = token.at(-3) === 'A' ? 'B' : 'A';
    const forged = `${token.slice(0, -3)}${last}${token.slice(-2)}`;
    expect((await refusalOf(verifier(forged))).message).toBe('TOKEN_BAD_SIGNATURE');
  });

  it.each([
    ['TOKEN_WRONG_AUDIENCE', { ...CLAIMS, aud: 'canopy-directory' }, {}],
    ['TOKEN_WRONG_ISSUER', { ...CLAIMS, iss: 'example.org' }, {}],
    ['TOKEN_NOT_YET_VALID', { ...CLAIMS, nbf: NOW / 1000 + 60 }, {}],
    ['TOKEN_WRONG_TYPE', CLAIMS, { typ: 'JWT' }],
    ['TOKEN_UNKNOWN_KEY', CLAIMS, { kid: 'other' }],
    ['TOKEN_UNKNOWN_KEY', CLAIMS, { kid: undefined }],
    ['TOKEN_CLAIM_INVALID', { ...CLAIMS, user: 7 }, {}],
    ['TOKEN_CLAIM_INVALID', { ...CLAIMS, sub: '' }, {}],
    ['TOKEN_CLAIM_INVALID', { ...CLAIMS, cnf: { kid: 7 } }, {}],
    ['TOKEN_CLAIM_INVALID', { ...CLAIMS, cnf: {} }, {}],
    ['TOKEN_CLAIM_INVALID', { ...CLAIMS, cnf: null }, {}],
    ['TOKEN_CLAIM_INVALID', without('sub'), {}],
    ['TOKEN_CLAIM_INVALID', without('user'), {}],
    ['TOKEN_CLAIM_INVALID', without('exp'), {}],
    ['TOKEN_CLAIM_INVALID', without('jti'), {}],
    ['TOKEN_WRONG_AUDIENCE', without('aud'), {}],
  ])(
    'is refused with %s for claims %j and header %j, and never repeated in the error',
    async (reason, claims, header) => {
      const token = await sign(claims, header);
      const refusal = await refusalOf(verify(token));
      expect([refusal.code, refusal.details.reason]).toEqual(['UNAUTHENTICATED', reason]);
      expect(JSON.stringify([refusal.message, refusal.details])).not.toContain(token.slice(0, 10));
    },
  );

  it('is refused when somebody else signed it', async () => {
    const stranger = await generateKeyPair('EdDSA');
    expect((await refusalOf(verify(await sign(CLAIMS, {}, stranger.privateKey)))).message).toBe(
      'TOKEN_BAD_SIGNATURE',
    );
  });

  it('is refused when a claim was changed after signing', async () => {
    const [header, , signature] = (await sign(CLAIMS)).split('.');
    const forged = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'mimi://example.com/d/bob/1' })).toString(
      'base64url',
    );
    expect((await refusalOf(verify(`${header}.${forged}.${signature}`))).message).toBe('TOKEN_BAD_SIGNATURE');
  });

  it('is refused with any other algorithm, also with none', async () => {
    const shared = new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'current' });
    const symmetric = await shared.sign(new TextEncoder().encode(jwks));
    expect((await refusalOf(verify(symmetric))).message).toBe('TOKEN_WRONG_ALGORITHM');
    expect((await refusalOf(verify(new UnsecuredJWT(CLAIMS).encode()))).code).toBe('UNAUTHENTICATED');
  });

  it.each(['', 'x', 'a.b.c', '....', 'a'.repeat(10_000)])(
    'is refused with TOKEN_MALFORMED when it is none: %.20s',
    async (token) => {
      expect((await refusalOf(verify(token))).message).toBe('TOKEN_MALFORMED');
    },
  );
});

async function authenticate(...values: readonly string[]): Promise<Caller> {
  const metadata = new Metadata();
  values.forEach((value) => metadata.add('authorization', value));
  return bearer((token) => verify(token))(metadata);
}

describe('the authorization metadata', () => {
  it('carries one bearer token', async () => {
    const token = await sign(CLAIMS);
    expect((await authenticate(`Bearer ${token}`)).user).toBe(CLAIMS.user);
    expect((await authenticate(`bearer ${token}`)).user).toBe(CLAIMS.user);
    expect((await refusalOf(authenticate())).message).toBe('TOKEN_MISSING');
    expect((await refusalOf(authenticate(token))).message).toBe('TOKEN_MALFORMED');
    expect((await refusalOf(authenticate(`Basic ${token}`))).message).toBe('TOKEN_MALFORMED');
    expect((await refusalOf(authenticate(`Bearer ${token}`, `Bearer ${token}`))).message).toBe(
      'TOKEN_MALFORMED',
    );
  });
});

/** An authentication service that answers, or is away, as the test says. */
interface ScriptedService {
  calls: number;
  answer: authentication.GetJwksResponse | 'away';
  readonly clock: ManualClock;
  readonly source: KeySource;
  readonly failed: Promise<unknown>;
  close(): Promise<void>;
}

async function startScripted(): Promise<ScriptedService> {
  const config = readConfig(serverSettings, {});
  const log = createLogger({ service: 'scripted', level: 'silent' });
  const calls = { authenticate: anonymous, log };
  const { getJwks } = authentication.AuthenticationServiceService;
  const bound = bindService(
    { getJwks },
    {
      getJwks: unary(calls, () => {
        scripted.calls += 1;
        const { answer } = scripted;
        return answer === 'away' ? Promise.reject(unavailable(new Error('away'))) : Promise.resolve(answer);
      }),
    },
  );
  const running = await serve({ name: 'scripted', config, services: [bound], log });
  const client = connect(authentication.AuthenticationServiceClient, {
    address: `127.0.0.1:${running.port}`,
  });
  const clock = manualClock(NOW);
  const { promise: failed, resolve: onFailure } = Promise.withResolvers<unknown>();
  const options = { domain: 'example.com', clock, minimumIntervalMs: 1_000, maximumAgeMs: 60_000, onFailure };
  const scripted: ScriptedService = {
    calls: 0,
    answer: 'away',
    clock,
    source: remoteKeySource(client, options),
    failed,
    async close() {
      client.close();
      await running.drain();
    },
  };
  return scripted;
}

describe('the keys of the authentication service', () => {
  let service: ScriptedService;

  beforeEach(async () => {
    service = await startScripted();
  });

  afterEach(() => service.close());

  it('are fetched once for many calls', async () => {
    service.answer = { domain: 'example.com', jwksJson: jwks };
    const found = await Promise.all([
      service.source.findKey('current'),
      service.source.findKey('current'),
      service.source.findKey('current'),
    ]);
    expect(found.every((key) => key !== undefined)).toBe(true);
    await service.source.findKey('current');
    expect(service.calls).toBe(1);
  });

  it('are fetched again for an unknown key, but not more often than allowed', async () => {
    service.answer = { domain: 'example.com', jwksJson: jwks };
    await service.source.findKey('current');
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect(await service.source.findKey(`made-up-${attempt}`)).toBeUndefined();
    }
    expect(service.calls).toBe(1);
    const rotated = await generateKeyPair('EdDSA');
    service.answer = {
      domain: 'example.com',
      jwksJson: JSON.stringify({ keys: [await jwkOf(rotated.publicKey, 'next')] }),
    };
    service.clock.advance(1_000);
    expect(await service.source.findKey('next')).toBeDefined();
    expect(service.calls).toBe(2);
    expect(await service.source.findKey('current')).toBeUndefined();
  });

  it('serve on while the authentication service is away', async () => {
    service.answer = { domain: 'example.com', jwksJson: jwks };
    await service.source.findKey('current');
    service.answer = 'away';
    service.clock.advance(3_600_000);
    expect(await service.source.findKey('current')).toBeDefined();
    await service.failed;
    expect(service.calls).toBe(2);
    expect(await service.source.findKey('current')).toBeDefined();
  });

  it('are asked for before any of them counts when nobody has called for long: a key may be withdrawn', async () => {
    service.answer = { domain: 'example.com', jwksJson: jwks };
    expect(await service.source.findKey('current')).toBeDefined();
    service.answer = { domain: 'example.com', jwksJson: JSON.stringify({ keys: [] }) };
    service.clock.advance(120_001);
    expect(await service.source.findKey('current')).toBeUndefined();
    service.answer = { domain: 'example.com', jwksJson: jwks };
    service.clock.advance(1_000);
    expect(await service.source.findKey('current')).toBeDefined();
  });

  it('make the call UNAVAILABLE, not UNAUTHENTICATED, while none could be fetched', async () => {
    expect((await refusalOf(service.source.findKey('current'))).code).toBe('UNAVAILABLE');
    service.answer = { domain: 'example.com', jwksJson: jwks };
    service.clock.advance(1_000);
    expect(await service.source.findKey('current')).toBeDefined();
  });

  it.each([
    ['of another domain', { domain: 'example.org', jwksJson: '{"keys":[]}' }],
    ['that are no JSON', { domain: 'example.com', jwksJson: '{' }],
    ['that are no key set', { domain: 'example.com', jwksJson: '{"keys":7}' }],
  ])('are not taken %s', async (_, answer) => {
    service.answer = answer;
    expect((await refusalOf(service.source.findKey('current'))).code).toBe('UNAVAILABLE');
  });

  it('are not taken when a private one is among them', async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    const keys = [await jwkOf(pair.privateKey, 'current')];
    service.answer = { domain: 'example.com', jwksJson: JSON.stringify({ keys }) };
    expect((await refusalOf(service.source.findKey('current'))).code).toBe('UNAVAILABLE');
  });
});
