import { authentication, callUnary, CallError, readServiceError } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Metadata } from '@grpc/grpc-js';
import * as fc from 'fast-check';
import {
  ADMIN_SECRET,
  bearerOf,
  CredentialType,
  renewalRequest,
  rotationRequest,
  withIdToken,
  challengeFor,
  enrol,
  enrolmentRequest,
  failureOf,
  newCode,
  startBench,
  TokenAudience,
  tokenOf,
  tokenRequest,
  type Bench,
  type TestDevice,
  firstPage,
  withCode,
} from '../bench.ts';

const suite = getCipherSuite(1);

let bench: Bench;
let alice: TestDevice;
let token: string;
let enrolment: authentication.CompleteEnrolmentRequest;
let login: authentication.CreateAccessTokensRequest;
let renewal: authentication.RenewCredentialRequest;
let rotation: authentication.RotateCredentialRequest;
let before: string;

beforeAll(async () => {
  bench = await startBench();
  alice = await enrol(bench);
  token = await tokenOf(bench, alice);
  const code = await newCode(bench);
  const keys = suite.signature.generateKeyPair();
  enrolment = enrolmentRequest(code, await challengeFor(bench, code), { suite, keys });
  login = await tokenRequest(bench, alice);
  renewal = await renewalRequest(bench, alice);
  rotation = await rotationRequest(bench, alice, { suite, keys: suite.signature.generateKeyPair() });
});

beforeEach(() => {
  before = bench.storeHash();
});

// After every piece of bad input: nothing was stored, nothing went wrong inside, and the service goes on.
afterEach(async () => {
  expect(bench.storeHash()).toBe(before);
  expect(bench.incidents).toEqual([]);
  expect((await callUnary(bench.client, 'getJwks', {})).domain).toBe('example.com');
});

afterAll(() => bench.close());

async function fieldOf(call: Promise<unknown>): Promise<string> {
  const failure = await failureOf(call);
  expect([failure.code, failure.reason]).toEqual(['INVALID_ARGUMENT', 'FIELD_INVALID']);
  expect(failure.fieldViolations[0]?.description).not.toBe('');
  return failure.fieldViolations[0]?.field ?? '';
}

/** Sends bytes that no generated client would. */
function sendRaw(method: string, message: Uint8Array): Promise<unknown> {
  return sendRawTo('AuthenticationService', method, message);
}

function sendRawTo(service: string, method: string, message: Uint8Array): Promise<unknown> {
  const path = `/canopy.authentication.v1.${service}/${method}`;
  return new Promise((resolve, reject) => {
    bench.client.makeUnaryRequest(
      path,
      (value: Buffer) => value,
      (value: Buffer) => value,
      Buffer.from(message),
      bearerOf(service === 'AuthenticationService' ? token : ADMIN_SECRET),
      { deadline: Date.now() + 5_000 },
      (error, value) => (error === null ? resolve(value) : reject(readServiceError(error))),
    );
  });
}

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);

const METHODS = [
  ['BeginEnrolment', 'evidence'],
  ['CompleteEnrolment', 'evidence'],
  ['BeginAuthentication', 'device'],
  ['CreateAccessTokens', 'audiences'],
  ['RenewCredential', 'signature'],
  ['RotateCredential', 'cipher_suite'],
  ['ListDevices', 'user'],
  ['RevokeDevice', 'device'],
] as const;

describe('bytes that are no request', () => {
  it.each(METHODS)('empty, to %s: %s is named', async (method, field) => {
    expect(await fieldOf(sendRaw(method, new Uint8Array()))).toBe(field);
  });

  it.each(METHODS.map(([method]) => method))(
    'truncated, of the wrong type or noise, to %s',
    async (method) => {
      const hostile = [
        Uint8Array.of(0x0a, 0x7f, 0x61),
        Uint8Array.of(0x0a),
        Uint8Array.of(0x08, 0x01),
        Uint8Array.of(0x0a, 0x02, 0xff, 0xfe),
        new Uint8Array(1_000).fill(0xff),
      ];
      for (const each of hostile) {
        expect(await fieldOf(sendRaw(method, each))).not.toBe('');
      }
    },
  );

  it('a request cut off at any byte, as long as something is missing', async () => {
    const whole = authentication.CompleteEnrolmentRequest.encode(enrolment).finish();
    for (let length = 0; length < whole.length; length += 7) {
      const failure = await failureOf(sendRaw('CompleteEnrolment', whole.subarray(0, length)));
      expect(failure.code).toBe('INVALID_ARGUMENT');
    }
  });

  it('an unknown audience number', async () => {
    const others = authentication.CreateAccessTokensRequest.encode({ ...login, audiences: [] }).finish();
    const failure = await failureOf(
      sendRaw('CreateAccessTokens', Buffer.concat([others, Uint8Array.of(0x22, 1, 99)])),
    );
    expect(failure.code).toBe('INVALID_ARGUMENT');
  });

  it('a message larger than the limit', async () => {
    const failure = await failureOf(
      callUnary(bench.client, 'beginEnrolment', withCode('x'.repeat(5 * 1024 * 1024))),
    );
    expect(failure.code).toBe('RESOURCE_EXHAUSTED');
  });
});

const ADMIN_METHODS = [
  ['CreateEnrolmentCode', 'user_name'],
  ['ListDevices', 'user'],
  ['RevokeDevice', 'device'],
] as const;
/** An empty request asks them for everything. */
const ASKING_METHODS = [
  ['AuthenticationService', 'GetRevocationList'],
  ['AuthenticationService', 'GetTrustAnchors'],
  ['AuthenticationService', 'GetJwks'],
  ['AuthenticationAdminService', 'ReadAudit'],
] as const;
const EVERY_METHOD = [
  ...METHODS.map(([method]) => ['AuthenticationService', method] as const),
  ...ADMIN_METHODS.map(([method]) => ['AuthenticationAdminService', method] as const),
  ...ASKING_METHODS,
];

describe('bytes that are no request, to the others', () => {
  it.each(ADMIN_METHODS)('empty, to %s of the administrator: %s is named', async (method, field) => {
    expect(await fieldOf(sendRawTo('AuthenticationAdminService', method, new Uint8Array()))).toBe(field);
  });

  it.each(ASKING_METHODS)('truncated, of the wrong type or noise, to %s.%s', async (service, method) => {
    await expect(sendRawTo(service, method, new Uint8Array())).resolves.toBeDefined();
    const hostile = [
      Uint8Array.of(0x0a, 0x7f, 0x61),
      Uint8Array.of(0x08),
      Uint8Array.of(0x08, ...bytes(11).fill(0xff)),
      new Uint8Array(1_000).fill(0xff),
    ];
    for (const each of hostile) expect(await fieldOf(sendRawTo(service, method, each))).toBe('request');
  });

  it.each(EVERY_METHOD)(
    'whatever they are, to %s.%s: an answer or INVALID_ARGUMENT',
    async (service, method) => {
      // Some begin like a field of the request, so that they come further.
      const message = fc.tuple(
        fc.constantFrom(
          [],
          [0x0a, 0x05],
          [0x12, 0x20],
          [0x08],
          [0x10],
          [0x18, 0x01],
          [0x22, 0x40],
          [0x32, 0x03],
        ),
        fc.uint8Array({ maxLength: 120 }),
      );
      const property = fc.asyncProperty(message, async ([head, tail]) => {
        const answer: unknown = await sendRawTo(service, method, Uint8Array.from([...head, ...tail])).then(
          () => 'answered',
          (error: unknown) => (error instanceof CallError ? error.code : error),
        );
        expect(['answered', 'INVALID_ARGUMENT', 'PERMISSION_DENIED']).toContain(answer);
      });
      await fc.assert(property, { numRuns: 80 });
    },
  );
});

describe('fields that do not hold what they must', () => {
  it.each<[string, Partial<authentication.CompleteEnrolmentRequest>]>([
    ['enrolment_code', withCode('')],
    ['enrolment_code', withCode('x'.repeat(65))],
    ['challenge', { challenge: bytes(0) }],
    ['challenge', { challenge: bytes(31) }],
    ['challenge', { challenge: bytes(1_000_000) }],
    ['cipher_suite', { cipherSuite: 0 }],
    ['cipher_suite', { cipherSuite: 8 }],
    ['cipher_suite', { cipherSuite: 4_294_967_295 }],
    ['signature_public_key', { signaturePublicKey: bytes(0) }],
    ['signature_public_key', { signaturePublicKey: bytes(31) }],
    ['signature_public_key', { signaturePublicKey: bytes(1_000_000) }],
    ['signature_public_key', { cipherSuite: 2 }],
    ['signature_public_key', { cipherSuite: 2, signaturePublicKey: bytes(65) }],
    ['signature_public_key', { cipherSuite: 2, signaturePublicKey: Uint8Array.of(4, ...bytes(64)) }],
    ['signature_public_key', { cipherSuite: 5, signaturePublicKey: Uint8Array.of(4, ...bytes(132)) }],
    ['signature', { signature: bytes(0) }],
    ['signature', { signature: bytes(257) }],
  ])('of CompleteEnrolment: %s, %j', async (field, change) => {
    const call = callUnary(bench.client, 'completeEnrolment', { ...enrolment, ...change });
    expect(await fieldOf(call)).toBe(field);
  });

  it.each<[string, Partial<authentication.CreateAccessTokensRequest>]>([
    ['device', { device: '' }],
    ['device', { device: 'alice' }],
    ['device', { device: 'mimi://example.com/u/alice' }],
    ['device', { device: 'mimi://example.org/d/alice/abcdefgh' }],
    ['device', { device: 'x'.repeat(1_000) }],
    ['challenge', { challenge: bytes(33) }],
    ['signature', { signature: bytes(0) }],
    ['signature', { signature: bytes(1_000_000) }],
    ['audiences', { audiences: [] }],
    ['audiences', { audiences: Array.from({ length: 4 }, () => TokenAudience.DELIVERY) }],
    ['audiences[0]', { audiences: [TokenAudience.UNSPECIFIED] }],
    ['audiences[1]', { audiences: [TokenAudience.DELIVERY, TokenAudience.DELIVERY] }],
  ])('of CreateAccessTokens: %s, %j', async (field, change) => {
    const call = callUnary(bench.client, 'createAccessTokens', { ...login, ...change });
    expect(await fieldOf(call)).toBe(field);
  });

  it.each<[string, Partial<authentication.CompleteEnrolmentRequest>]>([
    ['evidence', { evidence: undefined }],
    ['id_token', withIdToken('')],
    ['id_token', withIdToken('x'.repeat(16_385))],
    ['credential_types[0]', { credentialTypes: [CredentialType.UNSPECIFIED] }],
    ['credential_types[1]', { credentialTypes: [CredentialType.BASIC, CredentialType.BASIC] }],
    ['credential_types', { credentialTypes: Array.from({ length: 3 }, () => CredentialType.X509) }],
  ])('of CompleteEnrolment, evidence and types: %s, %j', async (field, change) => {
    const call = callUnary(bench.client, 'completeEnrolment', { ...enrolment, ...change });
    expect(await fieldOf(call)).toBe(field);
  });

  it.each<[string, Partial<authentication.RenewCredentialRequest>]>([
    ['device', { device: '' }],
    ['device', { device: 'mimi://example.org/d/alice/abcdefgh' }],
    ['challenge', { challenge: bytes(31) }],
    ['signature', { signature: bytes(0) }],
    ['signature', { signature: bytes(257) }],
    ['credential_types[0]', { credentialTypes: [CredentialType.UNSPECIFIED] }],
  ])('of RenewCredential: %s, %j', async (field, change) => {
    const call = callUnary(bench.client, 'renewCredential', { ...renewal, ...change });
    expect(await fieldOf(call)).toBe(field);
  });

  it.each<[string, Partial<authentication.RotateCredentialRequest>]>([
    ['device', { device: 'alice' }],
    ['challenge', { challenge: bytes(33) }],
    ['cipher_suite', { cipherSuite: 0 }],
    ['cipher_suite', { cipherSuite: 8 }],
    ['signature_public_key', { signaturePublicKey: bytes(31) }],
    ['signature_public_key', { cipherSuite: 2 }],
    ['signature_public_key', { cipherSuite: 2, signaturePublicKey: Uint8Array.of(4, ...bytes(64)) }],
    ['current_signature', { currentSignature: bytes(0) }],
    ['current_signature', { currentSignature: bytes(257) }],
    ['signature', { signature: bytes(0) }],
    ['credential_types[1]', { credentialTypes: [CredentialType.X509, CredentialType.X509] }],
  ])('of RotateCredential: %s, %j', async (field, change) => {
    const call = callUnary(bench.client, 'rotateCredential', { ...rotation, ...change });
    expect(await fieldOf(call)).toBe(field);
  });

  it.each<[string, Partial<authentication.ListDevicesRequest>]>([
    ['user', { user: '' }],
    ['user', { user: 'alice' }],
    ['page_size', { pageSize: 1_001 }],
    ['page_size', { pageSize: 4_294_967_295 }],
    ['page_token', { pageToken: 'x' }],
    ['page_token', { pageToken: 'mimi://example.org/d/alice/abcdefgh' }],
    ['page_token', { pageToken: 'x'.repeat(100_000) }],
  ])('of both ListDevices: %s, %j', async (field, change) => {
    const request = { ...firstPage(alice.enrolled.user), ...change };
    const asDevice = { metadata: bearerOf(token) };
    expect(await fieldOf(callUnary(bench.client, 'listDevices', request, asDevice))).toBe(field);
    const asAdministrator = { metadata: bearerOf(ADMIN_SECRET) };
    expect(await fieldOf(callUnary(bench.admin, 'listDevices', request, asAdministrator))).toBe(field);
  });

  it('of what the administrator asks', async () => {
    const metadata = bearerOf(ADMIN_SECRET);
    const device = 'mimi://example.org/d/alice/abcdefgh';
    expect(await fieldOf(callUnary(bench.admin, 'revokeDevice', { device }, { metadata }))).toBe('device');
    const request = { afterSequence: 0n, limit: 1_001 };
    expect(await fieldOf(callUnary(bench.admin, 'readAudit', request, { metadata }))).toBe('limit');
  });

  it('of the others', async () => {
    const metadata = bearerOf(token);
    const device = 'mimi://example.org/d/alice/abcdefgh';
    expect(await fieldOf(callUnary(bench.client, 'beginAuthentication', { device }))).toBe('device');
    expect(await fieldOf(callUnary(bench.client, 'revokeDevice', { device }, { metadata }))).toBe('device');
    const user = 'mimi://example.org/u/alice';
    expect(await fieldOf(callUnary(bench.client, 'listDevices', firstPage(user), { metadata }))).toBe('user');
    expect(await fieldOf(callUnary(bench.client, 'listDevices', firstPage(device), { metadata }))).toBe(
      'user',
    );
  });
});

async function reasonFor(metadata: Metadata): Promise<string> {
  const user = alice.enrolled.user;
  const failure: CallError = await failureOf(
    callUnary(bench.client, 'listDevices', firstPage(user), { metadata }),
  );
  expect(failure.code).toBe('UNAUTHENTICATED');
  return failure.reason;
}

describe('tokens that do not fit', () => {
  it('are missing, malformed, or signed by nobody', async () => {
    const forged = `${token.slice(0, -4)}AAAA`;
    expect(await reasonFor(new Metadata())).toBe('TOKEN_MISSING');
    expect(await reasonFor(bearerOf('x'))).toBe('TOKEN_MALFORMED');
    expect(await reasonFor(bearerOf('a'.repeat(5_000)))).toBe('TOKEN_MALFORMED');
    expect(await reasonFor(bearerOf(forged))).toBe('TOKEN_BAD_SIGNATURE');
    expect(await reasonFor(bearerOf(alice.enrolled.attestation))).toMatch(/^TOKEN_WRONG_|^TOKEN_CLAIM_/);
  });
});

describe('tokens of another time or place', () => {
  let own: Bench;

  beforeAll(async () => {
    own = await startBench();
  });

  afterAll(() => own.close());

  it('are made by calls that do write, which the hash of the store shows', async () => {
    const empty = own.storeHash();
    await callUnary(own.client, 'beginAuthentication', { device: alice.enrolled.device });
    expect(own.storeHash()).not.toBe(empty);
  });

  it('are refused when they are for another service', async () => {
    const device = await enrol(own);
    const { user } = device.enrolled;
    for (const audience of [TokenAudience.DELIVERY, TokenAudience.DIRECTORY]) {
      const metadata = bearerOf(await tokenOf(own, device, audience));
      const { code, reason } = await failureOf(
        callUnary(own.client, 'listDevices', firstPage(user), { metadata }),
      );
      expect([code, reason]).toEqual(['UNAUTHENTICATED', 'TOKEN_WRONG_AUDIENCE']);
    }
  });

  it('are refused when another deployment made them', async () => {
    const metadata = bearerOf(token);
    const { user } = alice.enrolled;
    expect(
      (await failureOf(callUnary(own.client, 'listDevices', firstPage(user), { metadata }))).reason,
    ).toBe('TOKEN_UNKNOWN_KEY');
  });

  it('are refused after ten minutes', async () => {
    const device = await enrol(own);
    const { user } = device.enrolled;
    const metadata = bearerOf(await tokenOf(own, device));
    own.clock.advance(599_999);
    await expect(callUnary(own.client, 'listDevices', firstPage(user), { metadata })).resolves.toBeDefined();
    own.clock.advance(1);
    const { code, reason } = await failureOf(
      callUnary(own.client, 'listDevices', firstPage(user), { metadata }),
    );
    expect([code, reason]).toEqual(['UNAUTHENTICATED', 'TOKEN_EXPIRED']);
  });
});

describe('a store that is away', () => {
  it('makes calls UNAVAILABLE, not incidents', async () => {
    const own = await startBench();
    const device = await enrol(own);
    const metadata = bearerOf(await tokenOf(own, device));
    own.store.close();
    const calls = [
      callUnary(own.client, 'beginEnrolment', withCode('some code')),
      callUnary(own.client, 'beginAuthentication', { device: device.enrolled.device }),
      callUnary(own.client, 'listDevices', firstPage(device.enrolled.user), { metadata }),
    ];
    for (const call of calls) {
      expect((await failureOf(call)).code).toBe('UNAVAILABLE');
    }
    expect(own.incidents).toEqual([]);
    await own.close();
  });
});
