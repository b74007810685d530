import { callUnary } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { parseDeviceUri, parseJwks, verifyAttestation } from '@canopy/identity';
import { auditHash } from '@canopy/storage';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ADMIN_SECRET,
  auditEvents,
  bearerOf,
  challengeFor,
  DOMAIN,
  enrol,
  enrolmentRequest,
  EnrolmentRefusalReason,
  failureOf,
  newCode,
  NOW,
  refusalOf,
  startBench,
  type Bench,
  withCode,
} from '../bench.ts';

const USER = 'mimi://example.com/u/alice';
const suite = getCipherSuite(1);
const newKeys = () => ({ suite, keys: suite.signature.generateKeyPair() });

let bench: Bench;

beforeEach(async () => {
  bench = await startBench();
});

afterEach(async () => {
  await bench.close();
  expect(bench.incidents).toEqual([]);
});

describe('enrolling a device', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('gives an attested name for a key of suite %i', async (cipherSuite) => {
    const { enrolled, keys } = await enrol(bench, { cipherSuite });
    expect(enrolled.user).toBe(USER);
    expect(parseDeviceUri(enrolled.device)).toMatchObject({ domain: DOMAIN, name: 'alice' });
    const { domain, jwksJson } = await callUnary(bench.client, 'getJwks', {});
    const check = { domain, keys: await parseJwks(jwksJson), nowMs: NOW };
    expect(await verifyAttestation(enrolled.attestation, check)).toMatchObject({
      valid: true,
      attestation: {
        domain: DOMAIN,
        device: enrolled.device,
        user: USER,
        cipherSuite,
        signatureKey: keys.publicKey,
        issuedAtMs: NOW,
        expiresAtMs: Number(enrolled.attestationExpiresAtUnixMs),
      },
    });
    expect(enrolled.attestationExpiresAtUnixMs).toBe(BigInt(NOW) + 365n * 86_400_000n);
  });

  it('gives every device of a user a name of its own', async () => {
    const [one, two] = [await enrol(bench), await enrol(bench)];
    expect(one.enrolled.device).not.toBe(two.enrolled.device);
    expect(one.enrolled.user).toBe(two.enrolled.user);
  });

  it('takes the code as people type it', async () => {
    const code = await newCode(bench);
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
    const typed = code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
    expect((await challengeFor(bench, typed)).user).toBe(USER);
  });

  it('gives the same device and statement again for ten minutes when the answer was lost, also after the code has expired', async () => {
    const { enrolled, request } = await enrol(bench);
    bench.clock.advance(600_000);
    const { result } = await callUnary(bench.client, 'completeEnrolment', request);
    expect(result).toEqual({ $case: 'device', value: enrolled });
    const before = await auditEvents(bench);
    bench.clock.advance(1);
    expect(await refusalOf(bench, request)).toBe(EnrolmentRefusalReason.CODE_USED);
    expect(await auditEvents(bench)).toEqual(before);
    const devices = await bench.store.registry.devicesOf({ user: USER, limit: 10 });
    expect(devices).toHaveLength(1);
  });

  it('does not give it again once the device was revoked', async () => {
    const { enrolled, request } = await enrol(bench);
    const { device, user } = enrolled;
    await bench.store.registry.revokeDevice({
      device,
      user,
      nowMs: NOW,
      keepUntilMs: NOW + 1,
      audit: new Uint8Array(1),
    });
    expect(await refusalOf(bench, request)).toBe(EnrolmentRefusalReason.CODE_USED);
  });

  it('leaves the code good until it is completed', async () => {
    const code = await newCode(bench);
    const [first, second] = [await challengeFor(bench, code), await challengeFor(bench, code)];
    expect(first.challenge).not.toEqual(second.challenge);
    expect(await refusalOf(bench, enrolmentRequest(code, first, newKeys()))).toBe('accepted');
    expect(await refusalOf(bench, enrolmentRequest(code, second, newKeys()))).toBe(
      EnrolmentRefusalReason.CODE_USED,
    );
  });

  it('enrols one device when two race for the same code', async () => {
    const code = await newCode(bench);
    const challenges = [await challengeFor(bench, code), await challengeFor(bench, code)];
    const outcomes = await Promise.all(
      challenges.map((challenge) => refusalOf(bench, enrolmentRequest(code, challenge, newKeys()))),
    );
    expect(outcomes.toSorted()).toEqual([EnrolmentRefusalReason.CODE_USED, 'accepted']);
  });

  it('is recorded in the audit log, in a chain of hashes, without code and key', async () => {
    const { enrolled, request } = await enrol(bench);
    const records = await bench.store.registry.readAudit(0n, 10);
    const events: unknown[] = records.map(({ entry }) => JSON.parse(Buffer.from(entry).toString()));
    expect(events).toEqual([
      expect.objectContaining({ event: 'enrolment-code-created', user: USER, atMs: NOW }),
      expect.objectContaining({
        event: 'device-enrolled',
        user: USER,
        device: enrolled.device,
        cipherSuite: 1,
      }),
    ]);
    let previous: Uint8Array | undefined;
    for (const { entry, hash } of records) {
      expect(hash).toEqual(auditHash(previous, entry));
      previous = hash;
    }
    expect(JSON.stringify(events)).not.toContain(request.evidence?.value ?? '');
  });

  it('leaves no code, challenge or signature in the log', async () => {
    const { request, enrolled } = await enrol(bench);
    await refusalOf(bench, { ...request, signature: new Uint8Array(64) });
    const log = bench.logLines.join('');
    const secrets = [request.challenge, request.signature].flatMap((bytes) => [
      Buffer.from(bytes).toString('base64'),
      Buffer.from(bytes).toString('hex'),
    ]);
    for (const secret of [request.evidence?.value ?? '', enrolled.attestation, ADMIN_SECRET, ...secrets]) {
      expect(log).not.toContain(secret);
    }
  });
});

describe('an enrolment is refused', () => {
  it('with CODE_UNKNOWN for a code that nobody made', async () => {
    const { result } = await callUnary(bench.client, 'beginEnrolment', withCode('no such code'));
    expect(result).toEqual({ $case: 'refusal', value: { reason: EnrolmentRefusalReason.CODE_UNKNOWN } });
    const code = await newCode(bench);
    const request = enrolmentRequest(code, await challengeFor(bench, code), newKeys());
    expect(await refusalOf(bench, { ...request, ...withCode('other') })).toBe(
      EnrolmentRefusalReason.CODE_UNKNOWN,
    );
  });

  it('with CODE_USED for a code that has worked', async () => {
    const { request } = await enrol(bench);
    const { evidence } = request;
    const enrolmentCode = evidence?.value ?? '';
    const { result } = await callUnary(bench.client, 'beginEnrolment', { evidence });
    expect(result).toEqual({ $case: 'refusal', value: { reason: EnrolmentRefusalReason.CODE_USED } });
    const other = { challenge: request.challenge, domain: DOMAIN, user: USER };
    expect(await refusalOf(bench, enrolmentRequest(enrolmentCode, other, newKeys()))).toBe(
      EnrolmentRefusalReason.CODE_USED,
    );
  });

  it('with CODE_EXPIRED after seven days', async () => {
    const code = await newCode(bench);
    bench.clock.advance(7 * 86_400_000);
    const challenge = await challengeFor(bench, code);
    bench.clock.advance(1);
    const { result } = await callUnary(bench.client, 'beginEnrolment', withCode(code));
    expect(result).toEqual({ $case: 'refusal', value: { reason: EnrolmentRefusalReason.CODE_EXPIRED } });
    expect(await refusalOf(bench, enrolmentRequest(code, challenge, newKeys()))).toBe(
      EnrolmentRefusalReason.CODE_EXPIRED,
    );
  });

  it('with CHALLENGE_EXPIRED after two minutes, and works with a new challenge', async () => {
    const code = await newCode(bench);
    const challenge = await challengeFor(bench, code);
    expect(challenge.expiresAtUnixMs).toBe(BigInt(NOW + 120_000));
    bench.clock.advance(120_001);
    const device = newKeys();
    expect(await refusalOf(bench, enrolmentRequest(code, challenge, device))).toBe(
      EnrolmentRefusalReason.CHALLENGE_EXPIRED,
    );
    expect(await refusalOf(bench, enrolmentRequest(code, await challengeFor(bench, code), device))).toBe(
      'accepted',
    );
  });

  it('with CHALLENGE_UNKNOWN for a challenge that was made up, or made for another code or purpose', async () => {
    const [code, otherCode] = [await newCode(bench), await newCode(bench)];
    const challenge = await challengeFor(bench, code);
    const { device } = (await enrol(bench)).enrolled;
    const foreign = [
      new Uint8Array(32),
      (await challengeFor(bench, otherCode)).challenge,
      (await callUnary(bench.client, 'beginAuthentication', { device })).challenge,
    ];
    for (const bytes of foreign) {
      const request = enrolmentRequest(code, { ...challenge, challenge: bytes }, newKeys());
      expect(await refusalOf(bench, request)).toBe(EnrolmentRefusalReason.CHALLENGE_UNKNOWN);
    }
  });

  it('with PROOF_INVALID when anything that is signed differs, and changes nothing', async () => {
    const code = await newCode(bench);
    const challenge = await challengeFor(bench, code);
    const device = newKeys();
    const request = enrolmentRequest(code, challenge, device);
    const before = bench.storeHash();
    const wrong = [
      { ...request, signature: Uint8Array.from(request.signature, (byte) => byte ^ 1) },
      { ...request, signature: new Uint8Array(1) },
      { ...request, challenge: new Uint8Array(32) },
      { ...request, cipherSuite: 3 },
      { ...request, signaturePublicKey: newKeys().keys.publicKey },
      enrolmentRequest(code, { ...challenge, domain: 'example.org' }, device),
      enrolmentRequest(code, { ...challenge, user: 'mimi://example.com/u/bob' }, device),
    ];
    for (const each of wrong) {
      expect(await refusalOf(bench, each)).toBe(EnrolmentRefusalReason.PROOF_INVALID);
    }
    expect(bench.storeHash()).toBe(before);
    expect(await refusalOf(bench, request)).toBe('accepted');
  });

  it('with KEY_IN_USE for a key that a device has or had', async () => {
    const first = await enrol(bench);
    const code = await newCode(bench, 'bob');
    const request = enrolmentRequest(code, await challengeFor(bench, code), first);
    expect(await refusalOf(bench, request)).toBe(EnrolmentRefusalReason.KEY_IN_USE);
  });
});

describe('making enrolment codes', () => {
  it('needs the administrator secret', async () => {
    const before = bench.storeHash();
    const shown = [
      undefined,
      bearerOf('wrong'),
      bearerOf(`${ADMIN_SECRET}x`),
      bearerOf(ADMIN_SECRET.slice(1)),
    ];
    for (const metadata of shown) {
      const options = metadata === undefined ? {} : { metadata };
      const failure = await failureOf(
        callUnary(bench.admin, 'createEnrolmentCode', { userName: 'alice' }, options),
      );
      expect([failure.code, failure.reason]).toEqual(['UNAUTHENTICATED', 'ADMINISTRATOR_NOT_AUTHENTICATED']);
    }
    expect(bench.storeHash()).toBe(before);
  });

  it('is not offered without an administrator secret', async () => {
    const plain = await startBench({ environment: { CANOPY_ADMIN_SECRET: '' } });
    const failure = await failureOf(newCode(plain));
    expect(failure.code).toBe('UNIMPLEMENTED');
    await plain.close();
  });

  it.each(['', 'Alice', 'a/b', '..', 'a b', 'ä', 'a'.repeat(65)])(
    'names user_name when it is %j',
    async (userName) => {
      const metadata = bearerOf(ADMIN_SECRET);
      const failure = await failureOf(
        callUnary(bench.admin, 'createEnrolmentCode', { userName }, { metadata }),
      );
      expect([failure.code, failure.fieldViolations[0]?.field]).toEqual(['INVALID_ARGUMENT', 'user_name']);
    },
  );

  it('stores a hash only', async () => {
    const code = await newCode(bench);
    const found = [code, code.replaceAll('-', '')].map((text) =>
      bench.store.registry.findEvidence(Buffer.from(text)),
    );
    expect(await Promise.all(found)).toEqual([undefined, undefined]);
  });
});
