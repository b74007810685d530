import { callUnary } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { idTokenNonce, parseDeviceUri } from '@canopy/identity';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { exportSPKI, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import {
  challengeFor,
  DOMAIN,
  enrolmentRequest,
  EnrolmentRefusalReason,
  failureOf,
  newCode,
  refusalOf,
  startBench,
  withCode,
  withIdToken,
  type Bench,
  type DeviceKeys,
} from '../bench.ts';
import { CLIENT_ID, OTHER_CLIENT_ID, startProvider, TLS, type OpenIdProvider } from '../open-id-provider.ts';

const suite = getCipherSuite(1);
const ALICE = 'mimi://example.com/u/alice';

function newDevice(): DeviceKeys & { readonly nonce: string } {
  const keys = suite.signature.generateKeyPair();
  const nonce = idTokenNonce({ domain: DOMAIN, cipherSuite: suite.id, signatureKey: keys.publicKey });
  return { suite, keys, nonce };
}

let provider: OpenIdProvider;
let bench: Bench;

beforeAll(() => {
  // The provider says that it is set up for tests.
  jest.spyOn(console, 'warn').mockImplementation(() => {});
});

afterAll(() => {
  jest.restoreAllMocks();
});

beforeEach(async () => {
  provider = await startProvider();
  const environment = { CANOPY_OIDC_ISSUER: provider.issuer, CANOPY_OIDC_CLIENT_ID: CLIENT_ID };
  bench = await startBench({ environment, nowMs: Date.now() });
});

afterEach(async () => {
  await bench.close();
  await provider.close();
  expect(bench.incidents).toEqual([]);
});

async function reasonFor(token: string): Promise<string> {
  const { result } = await callUnary(bench.client, 'beginEnrolment', withIdToken(token));
  return result?.$case === 'refusal' ? result.value.reason : 'accepted';
}

/** The claims of a good token. */
function claims(nonce: string, change: JWTPayload = {}): JWTPayload {
  const now = Math.floor(bench.clock.now() / 1000);
  const user = { sub: 'alice', preferred_username: 'alice' };
  return { iss: provider.issuer, aud: CLIENT_ID, ...user, nonce, iat: now, exp: now + 300, ...change };
}

async function audited(): Promise<readonly string[]> {
  const records = await bench.store.registry.readAudit(0n, 100);
  return records.map(({ entry }) => String(JSON.parse(Buffer.from(entry).toString()).event));
}

async function refused(token: string): Promise<string> {
  const before = bench.storeHash();
  const reason = await reasonFor(token);
  expect(bench.storeHash()).toBe(before);
  return reason;
}

describe('an ID token of a real provider', () => {
  it('enrols the device whose key it was asked for', async () => {
    const device = newDevice();
    const token = await provider.logIn('alice', device.nonce);
    const challenge = await challengeFor(bench, withIdToken(token));
    expect(challenge.user).toBe(ALICE);
    const request = enrolmentRequest(withIdToken(token), challenge, device);
    const { result } = await callUnary(bench.client, 'completeEnrolment', request);
    if (result?.$case !== 'device') throw new Error('a device expected');
    expect(result.value.user).toBe(ALICE);
    expect(parseDeviceUri(result.value.device)).toMatchObject({ domain: DOMAIN, name: 'alice' });
    expect(await audited()).toEqual(['id-token-accepted', 'device-enrolled']);
    expect(bench.logLines.join('')).not.toContain(token);
  });

  it('gives the same device again when the answer was lost, with the provider away', async () => {
    const device = newDevice();
    const token = await provider.logIn('alice', device.nonce);
    const request = enrolmentRequest(
      withIdToken(token),
      await challengeFor(bench, withIdToken(token)),
      device,
    );
    const first = await callUnary(bench.client, 'completeEnrolment', request);
    bench.clock.advance(500_000);
    provider.setAway(true);
    expect(await callUnary(bench.client, 'completeEnrolment', request)).toEqual(first);
    expect(await bench.store.registry.devicesOf({ user: ALICE, limit: 10 })).toHaveLength(1);
    expect(await reasonFor(token)).toBe(EnrolmentRefusalReason.ID_TOKEN_USED);
  });

  it('does not enrol another key, whoever has it, and the owner still can', async () => {
    const [owner, thief] = [newDevice(), newDevice()];
    const token = await provider.logIn('alice', owner.nonce);
    const challenge = await challengeFor(bench, withIdToken(token));
    const before = bench.storeHash();
    const stolen = enrolmentRequest(withIdToken(token), challenge, thief);
    expect(await refusalOf(bench, stolen)).toBe(EnrolmentRefusalReason.ID_TOKEN_OTHER_KEY);
    const owners = enrolmentRequest(withIdToken(token), challenge, owner);
    const unsigned = { ...owners, signature: stolen.signature };
    expect(await refusalOf(bench, unsigned)).toBe(EnrolmentRefusalReason.PROOF_INVALID);
    expect(bench.storeHash()).toBe(before);
    expect(await refusalOf(bench, owners)).toBe('accepted');
  });

  it('enrols once, also when another token for the same key comes', async () => {
    const device = newDevice();
    const token = await provider.forge(claims(device.nonce));
    const evidence = withIdToken(token);
    const challenge = await challengeFor(bench, evidence);
    expect(await refusalOf(bench, enrolmentRequest(evidence, challenge, device))).toBe('accepted');
    // ECDSA: the same claims are signed anew with another signature, and are the same evidence.
    expect(await reasonFor(await provider.forge(claims(device.nonce)))).toBe(
      EnrolmentRefusalReason.ID_TOKEN_USED,
    );
    const again = withIdToken(await provider.forge(claims(device.nonce, { jti: 'another' })));
    const second = enrolmentRequest(again, await challengeFor(bench, again), device);
    expect(await refusalOf(bench, second)).toBe(EnrolmentRefusalReason.KEY_IN_USE);
  });

  it('is one piece of evidence, however its signature is spelled', async () => {
    const device = newDevice();
    const token = await provider.forge(claims(device.nonce));
    expect(await reasonFor(token)).toBe('accepted');
    const before = await audited();
    const lastBits = token.slice(0, -1) + String.fromCharCode((token.codePointAt(token.length - 1) ?? 0) + 1);
    const lenient = [`${token} `, `${token}\n`, token.replace(/.{9}$/, ' $&'), `${token}=`, `${token}==`];
    for (const spelling of lenient) {
      expect(await refused(spelling)).toBe(EnrolmentRefusalReason.ID_TOKEN_INVALID);
    }
    await reasonFor(lastBits);
    expect(await audited()).toEqual(before);
    const challenge = await challengeFor(bench, withIdToken(token));
    expect(await refusalOf(bench, enrolmentRequest(withIdToken(token), challenge, device))).toBe('accepted');
    expect(await reasonFor(lastBits)).toBe(EnrolmentRefusalReason.ID_TOKEN_USED);
  });

  it('enrols ten devices of a user a day, and codes enrol more', async () => {
    const enrolOne = async (user: string): Promise<string> => {
      const device = newDevice();
      const changed = { sub: user, preferred_username: user };
      const token = withIdToken(await provider.forge(claims(device.nonce, changed)));
      return refusalOf(bench, enrolmentRequest(token, await challengeFor(bench, token), device));
    };
    for (let i = 0; i < 10; i++) expect(await enrolOne('alice')).toBe('accepted');
    const { code, metadata } = await failureOf(enrolOne('alice'));
    expect([code, metadata['limit'], metadata['value']]).toEqual([
      'RESOURCE_EXHAUSTED',
      'enrolments by ID token of one user a day',
      '10',
    ]);
    expect(await bench.store.registry.devicesOf({ user: ALICE, limit: 99 })).toHaveLength(10);
    expect(await audited()).toHaveLength(20);
    expect(await enrolOne('bob')).toBe('accepted');
    const [device, shown] = [newDevice(), await newCode(bench)];
    expect(await refusalOf(bench, enrolmentRequest(shown, await challengeFor(bench, shown), device))).toBe(
      'accepted',
    );
    bench.clock.advance(86_400_000 / 10);
    expect(await enrolOne('alice')).toBe('accepted');
  });

  it('does not complete an enrolment that began with a code, nor a token that was never shown before', async () => {
    const device = newDevice();
    const code = await newCode(bench);
    const challenge = await challengeFor(bench, code);
    const token = withIdToken(await provider.forge(claims(device.nonce)));
    expect(await refusalOf(bench, enrolmentRequest(token, challenge, device))).toBe(
      EnrolmentRefusalReason.ID_TOKEN_INVALID,
    );
    await challengeFor(bench, token);
    expect(await refusalOf(bench, enrolmentRequest(token, challenge, device))).toBe(
      EnrolmentRefusalReason.CHALLENGE_UNKNOWN,
    );
    expect(await refusalOf(bench, enrolmentRequest(withCode(code), challenge, device))).toBe('accepted');
  });
});

describe('an ID token is refused, and nothing is stored', () => {
  it('when it was made for another client', async () => {
    const token = await provider.logIn('alice', newDevice().nonce, OTHER_CLIENT_ID);
    expect(await refused(token)).toBe(EnrolmentRefusalReason.ID_TOKEN_INVALID);
  });

  it('when any claim is not as it should be', async () => {
    const { nonce } = newDevice();
    const wrong: JWTPayload[] = [
      { aud: OTHER_CLIENT_ID },
      { aud: [CLIENT_ID, OTHER_CLIENT_ID] },
      { azp: OTHER_CLIENT_ID },
      { iss: 'https://another.example' },
      { iss: `${provider.issuer}/` },
      { sub: '' },
      { sub: 'x'.repeat(256) },
      { nonce: 'of the test' },
      { nonce: '' },
      { nbf: Math.floor(bench.clock.now() / 1000) + 600 },
    ];
    for (const change of wrong) {
      const token = await provider.forge(claims(nonce, change));
      expect([change, await refused(token)]).toEqual([change, EnrolmentRefusalReason.ID_TOKEN_INVALID]);
    }
    const { nonce: _, ...without } = claims(nonce);
    expect(await refused(await provider.forge(without))).toBe(EnrolmentRefusalReason.ID_TOKEN_INVALID);
    const several = claims(nonce, { aud: [CLIENT_ID, OTHER_CLIENT_ID], azp: CLIENT_ID });
    expect(await reasonFor(await provider.forge(several))).toBe('accepted');
  });

  it('when it has expired, after half a minute for clocks that differ', async () => {
    const token = await provider.forge(claims(newDevice().nonce));
    bench.clock.advance(331_000);
    expect(await refused(token)).toBe(EnrolmentRefusalReason.ID_TOKEN_EXPIRED);
  });

  it('when it is signed by nobody, with the public key as a shared secret, or by another key', async () => {
    const { nonce } = newDevice();
    const none = new UnsecuredJWT(claims(nonce)).encode();
    const shared = await new SignJWT(claims(nonce))
      .setProtectedHeader({ alg: 'HS256', kid: provider.key.kid })
      .sign(new TextEncoder().encode(await exportSPKI(provider.key.publicKey)));
    const good = await provider.forge(claims(nonce));
    const other = await startProvider();
    const foreign = await other.forge(claims(nonce));
    await other.close();
    const broken = `${good.slice(0, -4)}AAAA`;
    for (const token of [none, shared, foreign, broken, 'x', 'a.b.c', `${good}.x`]) {
      expect(await refused(token)).toBe(EnrolmentRefusalReason.ID_TOKEN_INVALID);
    }
    expect(await reasonFor(good)).toBe('accepted');
  });

  it('when it is an access token of the same provider', async () => {
    const token = await provider.forge(claims(newDevice().nonce), { typ: 'at+jwt' });
    expect(await refused(token)).toBe(EnrolmentRefusalReason.ID_TOKEN_INVALID);
  });

  it.each(['Alice', 'alice@example.org', '', '..', 'a/b', 7, undefined])(
    'when its user is called %j',
    async (name) => {
      const token = await provider.forge(claims(newDevice().nonce, { preferred_username: name }));
      expect(await refused(token)).toBe(EnrolmentRefusalReason.USER_NAME_INVALID);
    },
  );

  it('when the name belongs to somebody else at the provider', async () => {
    const first = await provider.forge(claims(newDevice().nonce, { sub: '1' }));
    const second = await provider.forge(claims(newDevice().nonce, { sub: '2' }));
    expect(await reasonFor(first)).toBe('accepted');
    const before = await audited();
    expect(await reasonFor(second)).toBe(EnrolmentRefusalReason.USER_NAME_TAKEN);
    expect(await audited()).toEqual(before);
    expect(await reasonFor(await provider.forge(claims(newDevice().nonce, { sub: '1' })))).toBe('accepted');
  });

  it('when the service has no provider', async () => {
    const plain = await startBench();
    const { result } = await callUnary(plain.client, 'beginEnrolment', withIdToken('any'));
    expect(result).toEqual({
      $case: 'refusal',
      value: { reason: EnrolmentRefusalReason.ID_TOKEN_NOT_ACCEPTED },
    });
    await plain.close();
  });

  it('as a fault of the request when it is too long', async () => {
    const call = callUnary(bench.client, 'beginEnrolment', withIdToken('x'.repeat(16_385)));
    const failure = await failureOf(call);
    expect([failure.code, failure.fieldViolations[0]?.field]).toEqual(['INVALID_ARGUMENT', 'id_token']);
  });
});

describe('a provider with TLS', () => {
  it('is believed when its certificate is configured, and only then', async () => {
    const secure = await startProvider({ tls: true });
    const settings = { CANOPY_OIDC_ISSUER: secure.issuer, CANOPY_OIDC_CLIENT_ID: CLIENT_ID };
    const trusting = { ...settings, CANOPY_OIDC_CA: TLS.certificate };
    const token = await secure.forge(claims(newDevice().nonce, { iss: secure.issuer }));
    const [plain, other] = [
      await startBench({ environment: settings, nowMs: Date.now() }),
      await startBench({ environment: trusting, nowMs: Date.now() }),
    ];
    const failure = await failureOf(callUnary(plain.client, 'beginEnrolment', withIdToken(token)));
    expect(failure.code).toBe('UNAVAILABLE');
    expect((await challengeFor(other, withIdToken(token))).user).toBe(ALICE);
    await plain.close();
    await other.close();
    await secure.close();
  });
});

describe("the provider's keys", () => {
  it('are fetched once, and again for a key that is not known, but not for every one that is made up', async () => {
    const forge = (kid?: string): Promise<string> =>
      provider.forge(claims(newDevice().nonce), kid === undefined ? {} : { kid });
    expect(await reasonFor(await forge())).toBe('accepted');
    expect(await reasonFor(await forge())).toBe('accepted');
    expect(provider.fetches).toBe(1);
    await provider.rotate();
    const token = await provider.logIn('alice', newDevice().nonce);
    // It may be good: the service has just asked, and says when it asks again.
    const failure = await failureOf(reasonFor(token));
    expect([failure.code, failure.retryAfterMs]).toEqual(['UNAVAILABLE', 10_000]);
    expect(provider.fetches).toBe(1);
    bench.clock.advance(10_000);
    expect(await reasonFor(token)).toBe('accepted');
    expect(provider.fetches).toBe(2);
    for (let i = 0; i < 20; i++) {
      expect((await failureOf(reasonFor(await forge(`made up ${i}`)))).code).toBe('UNAVAILABLE');
    }
    expect(provider.fetches).toBe(2);
    bench.clock.advance(10_000);
    expect(await reasonFor(await forge('made up'))).toBe(EnrolmentRefusalReason.ID_TOKEN_INVALID);
    expect(provider.fetches).toBe(3);
  });

  it('are not believed any more after ten minutes, when the provider has withdrawn them', async () => {
    const withdrawn = provider.key;
    expect(await reasonFor(await provider.forge(claims(newDevice().nonce)))).toBe('accepted');
    await provider.rotate();
    bench.clock.advance(600_001);
    const token = await new SignJWT(claims(newDevice().nonce))
      .setProtectedHeader({ alg: 'ES256', kid: withdrawn.kid })
      .sign(withdrawn.privateKey);
    expect(await reasonFor(token)).toBe(EnrolmentRefusalReason.ID_TOKEN_INVALID);
  });

  it('make calls UNAVAILABLE when they cannot be fetched, with the state as it was, and work afterwards', async () => {
    const token = await provider.logIn('alice', newDevice().nonce);
    const before = bench.storeHash();
    provider.setAway(true);
    const failure = await failureOf(callUnary(bench.client, 'beginEnrolment', withIdToken(token)));
    expect([failure.code, failure.reason]).toEqual(['UNAVAILABLE', 'DEPENDENCY_UNAVAILABLE']);
    expect(bench.storeHash()).toBe(before);
    // Codes do not need the provider.
    await challengeFor(bench, await newCode(bench));
    provider.setAway(false);
    bench.clock.advance(10_000);
    expect(await reasonFor(token)).toBe('accepted');
  });

  it('serve on for a day while the provider is away', async () => {
    expect(await reasonFor(await provider.forge(claims(newDevice().nonce)))).toBe('accepted');
    provider.setAway(true);
    bench.clock.advance(700_000);
    expect(await reasonFor(await provider.forge(claims(newDevice().nonce)))).toBe('accepted');
    bench.clock.advance(86_400_000);
    const token = await provider.forge(claims(newDevice().nonce));
    expect((await failureOf(reasonFor(token))).code).toBe('UNAVAILABLE');
  });
});
