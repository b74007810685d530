import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callUnary, type authentication } from '@canopy/contract';
import { getCipherSuite } from '@canopy/crypto';
import {
  createX509IdentityProvider,
  deviceIdentifiers,
  deviceOfX509Credential,
  parseJwks,
  readPemCertificates,
  verifyAttestation,
  x509Credential,
} from '@canopy/identity';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  auditEvents,
  challengeFor,
  CredentialRefusalReason,
  CredentialType,
  DOMAIN,
  enrol,
  enrolmentRequest,
  EnrolmentRefusalReason,
  failureOf,
  newCode,
  newFolder,
  NOW,
  refusalOf,
  renewalRequest,
  startBench,
  tokenOf,
  type Bench,
} from '../bench.ts';
import { makeCaFiles, type CaFiles } from '../../src/ca-files.ts';

const DAY = 86_400_000;
const BOTH = [CredentialType.BASIC, CredentialType.X509];

let folder: string;
let files: CaFiles;
let bench: Bench;

function environmentOf({ issuerCertificate, issuerKey }: CaFiles): NodeJS.ProcessEnv {
  return { CANOPY_X509_ISSUER_CERTIFICATE: issuerCertificate, CANOPY_X509_ISSUER_KEY_FILE: issuerKey };
}

beforeEach(async () => {
  folder = newFolder();
  files = makeCaFiles({ folder: join(folder, 'ca'), domain: DOMAIN, nowMs: NOW });
  bench = await startBench({ environment: environmentOf(files) });
});

afterEach(async () => {
  await bench.close();
  rmSync(folder, { recursive: true });
  expect(bench.incidents).toEqual([]);
});

/** Judges a chain as a member of a group does, with nothing but the trust anchors of the service. */
async function judge(
  chain: readonly Uint8Array[],
  signatureKey: Uint8Array,
  nowMs = bench.clock.now(),
): Promise<unknown> {
  const { result } = await callUnary(bench.client, 'getTrustAnchors', { knownVersion: 0n });
  if (result?.$case !== 'anchors') throw new Error('anchors expected');
  const { anchors } = result.value;
  const identifiers = deviceIdentifiers(result.value.domain);
  const now = (): bigint => BigInt(nowMs) / 1000n;
  const provider = createX509IdentityProvider({ anchors, identifiers, now });
  return provider.validateCredential({
    credential: x509Credential(chain),
    signatureKey,
    extensions: [],
  });
}

async function hasAttestation(attestation: string, nowMs = bench.clock.now()): Promise<boolean> {
  const { domain, jwksJson } = await callUnary(bench.client, 'getJwks', {});
  return (await verifyAttestation(attestation, { domain, keys: await parseJwks(jwksJson), nowMs })).valid;
}

async function renewed(
  request: authentication.RenewCredentialRequest,
): Promise<authentication.EnrolledDevice> {
  const { result } = await callUnary(bench.client, 'renewCredential', request);
  if (result?.$case !== 'device') throw new Error('credentials expected', { cause: result });
  return result.value;
}

const anchorsOf = async (knownVersion: bigint, of = bench) =>
  (await callUnary(of.client, 'getTrustAnchors', { knownVersion })).result;

const faultOf = async (environment: NodeJS.ProcessEnv): Promise<string> => {
  try {
    await (await startBench({ folder: join(folder, 'store'), environment })).close();
    return 'started';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('X.509 credentials', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('are issued for a key of suite %i, and believed', async (cipherSuite) => {
    const { enrolled, keys } = await enrol(bench, { cipherSuite, credentialTypes: [CredentialType.X509] });
    expect(enrolled.attestation).toBe('');
    expect(enrolled.x509Chain).toHaveLength(2);
    expect(deviceOfX509Credential(x509Credential(enrolled.x509Chain))).toBe(enrolled.device);
    expect(await judge(enrolled.x509Chain, keys.publicKey)).toEqual({ valid: true });
    expect(enrolled.x509ExpiresAtUnixMs).toBe(BigInt(NOW + 90 * DAY));
    expect(await judge(enrolled.x509Chain, keys.publicKey, NOW + 90 * DAY + 1_000)).toMatchObject({
      reason: 'CERTIFICATE_EXPIRED',
    });
  });

  it('are issued beside an attestation when both are asked for', async () => {
    const { enrolled, keys } = await enrol(bench, { credentialTypes: BOTH });
    expect(await judge(enrolled.x509Chain, keys.publicKey)).toEqual({ valid: true });
    expect(await hasAttestation(enrolled.attestation)).toBe(true);
    const [, issued] = await auditEvents(bench);
    expect(issued).toMatchObject({
      event: 'device-enrolled',
      credentials: ['basic', 'x509'],
      serialNumber: expect.stringMatching(/^01[0-9a-f]{32}$/),
    });
  });

  it('are issued only when they are asked for', async () => {
    const { enrolled } = await enrol(bench);
    expect([enrolled.x509Chain, enrolled.x509ExpiresAtUnixMs]).toEqual([[], 0n]);
  });

  it('are issued again when the answer was lost, each recorded, with no longer life', async () => {
    const { enrolled, request, keys } = await enrol(bench, { credentialTypes: BOTH });
    bench.clock.advance(60_000);
    const { result } = await callUnary(bench.client, 'completeEnrolment', request);
    if (result?.$case !== 'device') throw new Error('a device expected');
    expect(await judge(result.value.x509Chain, keys.publicKey)).toEqual({ valid: true });
    expect(result.value.x509ExpiresAtUnixMs).toBe(enrolled.x509ExpiresAtUnixMs);
    const events = await auditEvents(bench);
    expect(events.map(({ event }) => event)).toEqual([
      'enrolment-code-created',
      'device-enrolled',
      'credential-renewed',
    ]);
    expect(new Set(events.map(({ serialNumber }) => serialNumber)).size).toBe(3);
  });

  it('are refused without a CA, and the code stays good', async () => {
    const plain = await startBench();
    const code = await newCode(plain);
    const suite = getCipherSuite(1);
    const device = { suite, keys: suite.signature.generateKeyPair() };
    const request = enrolmentRequest(code, await challengeFor(plain, code), device);
    const before = plain.storeHash();
    expect(await refusalOf(plain, { ...request, credentialTypes: [CredentialType.X509] })).toBe(
      EnrolmentRefusalReason.CREDENTIAL_TYPE_NOT_ISSUED,
    );
    expect(plain.storeHash()).toBe(before);
    expect(await refusalOf(plain, request)).toBe('accepted');
    await plain.close();
  });
});

describe('trust anchors', () => {
  it('are the roots of the CA, with a version that says whether they are known', async () => {
    expect(await anchorsOf(0n)).toMatchObject({
      $case: 'anchors',
      value: { version: 1n, domain: DOMAIN },
    });
    expect(await anchorsOf(1n)).toEqual({ $case: 'unchanged', value: {} });
    expect(await anchorsOf(9n)).toEqual({ $case: 'unchanged', value: {} });
  });

  it('have a new version when a root is added, and both are served', async () => {
    const own = newFolder();
    const first = await startBench({ folder: own, environment: environmentOf(files) });
    await first.close();
    const next = makeCaFiles({ folder: join(folder, 'next'), domain: DOMAIN, nowMs: NOW });
    const environment = { ...environmentOf(files), CANOPY_X509_ANCHORS: next.root };
    const second = await startBench({ folder: own, environment });
    const result = await anchorsOf(1n, second);
    const roots = [files.root, next.root].flatMap((path) => readPemCertificates(readFileSync(path, 'utf8')));
    if (result?.$case !== 'anchors') throw new Error('anchors expected');
    expect(result.value.version).toBe(2n);
    expect(result.value.anchors.map((der) => Uint8Array.from(der))).toEqual(roots);
    await second.close();
    rmSync(own, { recursive: true });
  });

  it('are those of the replicas that are left, after old and new ones ran side by side', async () => {
    const own = newFolder();
    const next = makeCaFiles({ folder: join(folder, 'next'), domain: DOMAIN, nowMs: NOW });
    const newer = { folder: own, environment: { ...environmentOf(files), CANOPY_X509_ANCHORS: next.root } };
    const older = { folder: own, environment: environmentOf(files) };
    await (await startBench(older)).close();
    const left = await startBench(newer);
    // An old one starts once more, and is then gone for good.
    const old = await startBench(older);
    const known = await anchorsOf(0n, old);
    await old.close();
    if (known?.$case !== 'anchors') throw new Error('anchors expected');
    expect(known.value).toMatchObject({ version: 3n, anchors: [expect.anything()] });
    await left.refresh();
    const found = await anchorsOf(known.value.version, left);
    expect(found).toMatchObject({ value: { version: 4n, anchors: [expect.anything(), expect.anything()] } });
    await left.refresh();
    expect(await anchorsOf(4n, left)).toEqual({ $case: 'unchanged', value: {} });
    await left.close();
    rmSync(own, { recursive: true });
  });

  it('are none without a CA', async () => {
    const plain = await startBench();
    expect(await anchorsOf(0n, plain)).toMatchObject({ value: { anchors: [], intermediates: [] } });
    await plain.close();
  });
});

describe('a CA that cannot work ends the start', () => {
  it('when key and certificate do not belong together', async () => {
    const other = makeCaFiles({ folder: join(folder, 'other'), domain: DOMAIN, nowMs: NOW });
    const environment = { ...environmentOf(files), CANOPY_X509_ISSUER_KEY_FILE: other.issuerKey };
    expect(await faultOf(environment)).toContain('the private key is not that of the certificate');
  });

  it('when the chain does not lead to an anchor, or one of the files is none', async () => {
    const alone = join(folder, 'alone.pem');
    const [issuer = ''] = readFileSync(files.issuerCertificate, 'utf8').split(/(?<=END CERTIFICATE-----\n)/);
    writeFileSync(alone, issuer);
    const without = { ...environmentOf(files), CANOPY_X509_ISSUER_CERTIFICATE: alone };
    expect(await faultOf(without)).toContain('at least one anchor expected');
    const other = makeCaFiles({ folder: join(folder, 'other'), domain: DOMAIN, nowMs: NOW });
    expect(await faultOf({ ...without, CANOPY_X509_ANCHORS: other.root })).toContain(
      'does not lead to an anchor',
    );
    expect(await faultOf({ ...without, CANOPY_X509_ANCHORS: files.root })).toBe('started');
    const noise = { ...environmentOf(files), CANOPY_X509_ISSUER_CERTIFICATE: import.meta.filename };
    expect(await faultOf(noise)).toContain('without certificates in PEM');
    const { CANOPY_X509_ISSUER_KEY_FILE: _, ...keyless } = environmentOf(files);
    expect(await faultOf(keyless)).toContain('only of use together');
    const secret = 'not a key but a secret';
    const wrong = { ...keyless, CANOPY_X509_ISSUER_KEY: secret };
    const fault = await faultOf(wrong);
    expect(fault).toContain('no private key in PEM');
    expect(fault).not.toContain(secret);
  });

  it('and its files are made for nobody else to read, and never over others', () => {
    for (const path of Object.values(files)) expect(statSync(path).mode & 0o077).toBe(0);
    const again = { folder: join(folder, 'ca'), domain: DOMAIN, nowMs: NOW };
    expect(() => makeCaFiles(again)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    // The root's key was taken away, as it should be: no other one comes in its place.
    rmSync(files.rootKey);
    expect(() => makeCaFiles(again)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(existsSync(files.rootKey)).toBe(false);
  });
});

const warnings = (): number => bench.logLines.filter((line) => line.includes('issuing-ca-ends')).length;

describe('a CA that comes to its end', () => {
  it('is warned of for two months, once a day', async () => {
    bench.clock.advance(1_034 * DAY);
    await bench.refresh();
    expect(warnings()).toBe(0);
    bench.clock.advance(2 * DAY);
    await bench.refresh();
    await bench.refresh();
    expect(warnings()).toBe(1);
    bench.clock.advance(DAY);
    await bench.refresh();
    expect(warnings()).toBe(2);
  });

  it('issues no certificates from then on, and everything else as before', async () => {
    const device = await enrol(bench, { credentialTypes: BOTH });
    bench.clock.advance(1_095 * DAY);
    const request = await renewalRequest(bench, device, BOTH);
    const before = await auditEvents(bench);
    expect((await callUnary(bench.client, 'renewCredential', request)).result).toEqual({
      $case: 'refusal',
      value: { reason: CredentialRefusalReason.CREDENTIAL_TYPE_NOT_ISSUED },
    });
    expect(await auditEvents(bench)).toEqual(before);
    expect((await renewed(await renewalRequest(bench, device))).attestation).not.toBe('');
  });
});

describe('renewing credentials', () => {
  it('gives new ones of the same key for the whole lifetime again, and records it', async () => {
    const device = await enrol(bench, { credentialTypes: BOTH });
    bench.clock.advance(80 * DAY);
    const next = await renewed(await renewalRequest(bench, device, BOTH));
    expect(next.device).toBe(device.enrolled.device);
    expect(next.x509ExpiresAtUnixMs).toBe(BigInt(NOW + 170 * DAY));
    expect(next.attestationExpiresAtUnixMs).toBe(BigInt(NOW + 445 * DAY));
    bench.clock.advance(85 * DAY);
    expect(await judge(next.x509Chain, device.keys.publicKey)).toEqual({ valid: true });
    expect(await judge(device.enrolled.x509Chain, device.keys.publicKey)).toMatchObject({ valid: false });
    expect(await hasAttestation(next.attestation, NOW + 440 * DAY)).toBe(true);
    expect(await hasAttestation(device.enrolled.attestation, NOW + 440 * DAY)).toBe(false);
    expect((await auditEvents(bench)).at(-1)).toMatchObject({
      event: 'credential-renewed',
      device: next.device,
      credentials: ['basic', 'x509'],
      atMs: NOW + 80 * DAY,
    });
  });

  it('works after the credentials have expired, since the key is what counts', async () => {
    const device = await enrol(bench);
    bench.clock.advance(400 * DAY);
    expect(await hasAttestation((await renewed(await renewalRequest(bench, device))).attestation)).toBe(true);
  });

  it('needs a fresh challenge and the key, and all failures look alike', async () => {
    const [device, other] = [await enrol(bench), await enrol(bench, { userName: 'bob' })];
    const good = await renewalRequest(bench, device);
    const used = await renewalRequest(bench, device);
    await renewed(used);
    const stale = await renewalRequest(bench, device);
    const attempts = [
      { ...(await renewalRequest(bench, device)), signature: good.signature },
      await renewalRequest(bench, { ...device, keys: other.keys }),
      { ...(await renewalRequest(bench, other)), device: device.enrolled.device },
      used,
    ];
    for (const request of attempts) {
      const failure = await failureOf(callUnary(bench.client, 'renewCredential', request));
      expect([failure.code, failure.reason]).toEqual(['UNAUTHENTICATED', 'DEVICE_NOT_AUTHENTICATED']);
    }
    expect(await hasAttestation((await renewed(good)).attestation)).toBe(true);
    bench.clock.advance(120_001);
    const late = await failureOf(callUnary(bench.client, 'renewCredential', stale));
    expect(late.reason).toBe('DEVICE_NOT_AUTHENTICATED');
  });

  it('does not take a proof that was made for a token, nor the other way round', async () => {
    const device = await enrol(bench);
    const { signature, ...rest } = await renewalRequest(bench, device);
    const audiences = ['TOKEN_AUDIENCE_DELIVERY' as const];
    const { credentialTypes: _, ...request } = rest;
    const call = callUnary(bench.client, 'createAccessTokens', { ...request, signature, audiences });
    expect((await failureOf(call)).code).toBe('UNAUTHENTICATED');
  });

  it('is not for revoked devices', async () => {
    const device = await enrol(bench);
    const request = await renewalRequest(bench, device);
    const { device: name, user } = device.enrolled;
    const audit = new TextEncoder().encode('{}');
    await bench.store.registry.revokeDevice({ device: name, user, nowMs: NOW, keepUntilMs: NOW + 1, audit });
    expect((await failureOf(callUnary(bench.client, 'renewCredential', request))).code).toBe(
      'UNAUTHENTICATED',
    );
    expect((await failureOf(tokenOf(bench, device))).code).toBe('UNAUTHENTICATED');
  });

  it('says when the service does not issue what is asked for', async () => {
    const plain = await startBench();
    const device = await enrol(plain);
    const request = await renewalRequest(plain, device, [CredentialType.X509]);
    const { result } = await callUnary(plain.client, 'renewCredential', request);
    expect(result).toEqual({
      $case: 'refusal',
      value: { reason: CredentialRefusalReason.CREDENTIAL_TYPE_NOT_ISSUED },
    });
    await plain.close();
  });
});
