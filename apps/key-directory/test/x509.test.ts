import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCipherSuite } from '@canopy/crypto';
import {
  issueAuthorityCertificate,
  issueDeviceCertificate,
  makeSerialNumber,
  nameOfCertificate,
  readIssuer,
  readPemCertificates,
  selfIssuer,
  toPem,
  x509Credential,
  type CertificateIssuer,
} from '@canopy/identity';
import { supportedCapabilities, type ClientIdentity } from '@canopy/mls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, followTrustAnchors } from '@canopy/service';
import { readDirectoryConfig } from '../src/config.ts';
import { deviceOf, DOMAIN } from './authority.ts';
import {
  claimFrom,
  keyPackageWith,
  NOW,
  startBench,
  stock,
  wordOf,
  type Bench,
  type Device,
  type KeyPackageOptions,
} from './bench.ts';

const SECONDS = BigInt(NOW / 1000);
const DAY = 86_400n;

interface Authorities {
  readonly root: Uint8Array;
  readonly issuer: CertificateIssuer;
}

/** Makes a root and an intermediate that signs the certificates of devices. */
function makeAuthorities(): Authorities {
  const [rootKey, issuerKey] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  const validity = { notBefore: SECONDS - DAY, notAfter: SECONDS + 400n * DAY };
  const self = selfIssuer('Root', rootKey.privateKey, validity.notAfter);
  const forRoot = { commonName: 'Root', pathLength: 1, publicKey: createPublicKey(rootKey.privateKey) };
  const root = issueAuthorityCertificate(self, { ...forRoot, ...validity }).der;
  const forIssuer = { commonName: 'Issuer', pathLength: 0, publicKey: issuerKey.publicKey };
  const above = readIssuer(root, rootKey.privateKey);
  const issuing = issueAuthorityCertificate(above, { ...forIssuer, ...validity }).der;
  return { root, issuer: readIssuer(issuing, issuerKey.privateKey) };
}

interface Certified {
  readonly identity: ClientIdentity;
  readonly certificate: Uint8Array;
}

/** Makes the identity of a device with a certificate. */
function certify({ issuer }: Authorities, device: string, cipherSuite = 1, lifetime = 30n * DAY): Certified {
  const signatureKeyPair = getCipherSuite(cipherSuite).signature.generateKeyPair();
  const certificate = issueDeviceCertificate(issuer, {
    device,
    cipherSuite,
    signatureKey: signatureKeyPair.publicKey,
    notBefore: SECONDS - DAY,
    notAfter: SECONDS + lifetime,
    serialNumber: makeSerialNumber(),
  }).der;
  const credential = x509Credential([certificate, issuer.certificate ?? new Uint8Array()]);
  const capabilities = supportedCapabilities([cipherSuite]);
  return { certificate, identity: { credential, signatureKeyPair, capabilities, leafExtensions: [] } };
}

let authorities: Authorities;
let bench: Bench;
let alice: Device;

beforeEach(async () => {
  authorities = makeAuthorities();
  bench = await startBench({ trustAnchors: [authorities.root] });
  alice = await bench.device('alice');
});

afterEach(async () => {
  expect(bench.incidents).toEqual([]);
  await bench.close();
});

async function publish(
  identity: ClientIdentity,
  options: KeyPackageOptions = {},
): Promise<{ readonly keyPackage: string; readonly outcome: unknown }> {
  const keyPackage = keyPackageWith(bench, options, identity);
  const uploads = { keyPackages: [{ keyPackage, lastResort: false }] };
  const [result] = (await alice.call('publishKeyPackages', uploads)).results;
  const outcome = result?.result?.$case === 'rejected' ? result.result.value.detail : result?.result?.$case;
  return { keyPackage: Buffer.from(keyPackage).toString('hex'), outcome };
}

async function claim(cipherSuite = 1): Promise<readonly string[]> {
  const bob = await bench.device('bob');
  const request = claimFrom({ devices: [alice.name], cipherSuite });
  return (await bob.call('claimKeyPackages', request)).devices.map(wordOf);
}

describe('a KeyPackage with an X.509 credential', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('of suite %i is taken and handed out', async (cipherSuite) => {
    const { identity } = certify(authorities, alice.name, cipherSuite);
    const { keyPackage, outcome } = await publish(identity, { cipherSuite });
    expect(outcome).toBe('stored');
    expect(await claim(cipherSuite)).toEqual([keyPackage]);
  });

  it('is in stock beside one with an attestation', async () => {
    await stock(bench, alice, 1);
    expect((await publish(certify(authorities, alice.name).identity)).outcome).toBe('stored');
    expect((await alice.call('countKeyPackages', {})).counts).toMatchObject([{ singleUse: 2 }]);
  });

  it('is refused when its chain ends elsewhere, names another device or is over', async () => {
    const stranger = certify(makeAuthorities(), alice.name);
    expect((await publish(stranger.identity)).outcome).toBe('ISSUER_SIGNATURE_INVALID');
    const other = certify(authorities, deviceOf('mallory'));
    expect((await publish(other.identity)).outcome).toBe('');
    const over = certify(authorities, alice.name, 1, -1n);
    expect((await publish(over.identity)).outcome).toBe('CERTIFICATE_EXPIRED');
    const { identity } = certify(authorities, alice.name);
    const signatureKeyPair = getCipherSuite(1).signature.generateKeyPair();
    expect((await publish({ ...identity, signatureKeyPair })).outcome).toBe('CERTIFICATE_OTHER_KEY');
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
    expect((await publish(identity)).outcome).toBe('stored');
  });

  it('is refused where there are no trust anchors yet', async () => {
    const other = await startBench();
    const keyPackage = keyPackageWith(other, {}, certify(authorities, alice.name).identity);
    const uploads = { keyPackages: [{ keyPackage, lastResort: false }] };
    const [result] = (await (await other.device('alice')).call('publishKeyPackages', uploads)).results;
    expect(result?.result).toMatchObject({
      $case: 'rejected',
      value: { reason: 'KEY_PACKAGE_REJECTION_REASON_NOT_ATTESTED', detail: 'CREDENTIAL_NOT_BASIC' },
    });
    other.trust([authorities.root]);
    const again = (await (await other.device('alice')).call('publishKeyPackages', uploads)).results[0];
    expect(again?.result?.$case).toBe('stored');
    await other.close();
  });

  it('is judged by the anchors of the moment: those of a new CA count at once, those from before no longer', async () => {
    const next = makeAuthorities();
    const [before, after] = [certify(authorities, alice.name), certify(next, alice.name)];
    expect((await publish(after.identity)).outcome).toBe('ISSUER_SIGNATURE_INVALID');
    bench.trust([next.root]);
    expect((await publish(after.identity)).outcome).toBe('stored');
    expect((await publish(before.identity)).outcome).toBe('ISSUER_SIGNATURE_INVALID');
    expect(() => bench.trust([before.certificate])).toThrow();
    expect((await publish(after.identity)).outcome).toBe('stored');
  });

  it('is handed out no longer when its certificate is over, whatever its own lifetime', async () => {
    const { identity } = certify(authorities, alice.name, 1, 60n);
    await publish(identity);
    bench.clock.advance(61_000);
    alice = await bench.device('alice');
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
    expect(await claim()).toEqual(['EXHAUSTED']);
  });

  it('is withdrawn instead of handed out when its certificate is revoked, others are not', async () => {
    const [bad, good] = [certify(authorities, alice.name), certify(authorities, alice.name)];
    for (let i = 0; i < 3; i += 1) await publish(bad.identity);
    const { keyPackage } = await publish(good.identity, { notAfter: SECONDS + 20n * DAY });
    await bench.revoke({ certificates: [nameOfCertificate(bad.certificate)] });
    expect(await claim()).toEqual([keyPackage]);
    expect((await alice.call('countKeyPackages', {})).counts).toEqual([]);
    expect((await publish(bad.identity)).outcome).toBe('CERTIFICATE_REVOKED');
  });
});

describe('the file of trust anchors', () => {
  it('is read in PEM, and a file that is none is a fault of the configuration', () => {
    const folder = mkdtempSync(join(tmpdir(), 'key-directory-'));
    const path = join(folder, 'anchors.pem');
    writeFileSync(path, toPem(authorities.root) + toPem(makeAuthorities().root));
    let trusted: readonly Uint8Array[] = [];
    const follow = (file: string): unknown =>
      followTrustAnchors({
        config: readDirectoryConfig({
          CANOPY_DOMAIN: DOMAIN,
          CANOPY_AUTHENTICATION_SERVICE: '127.0.0.1:1',
          CANOPY_DATA: folder,
        }),
        file,
        readPem: readPemCertificates,
        trust: ({ anchors }) => (trusted = anchors),
        log: createLogger({ service: 'test' }),
      });
    expect(follow(path)).toBeUndefined();
    expect(trusted).toHaveLength(2);
    expect(trusted[0]).toEqual(authorities.root);
    writeFileSync(path, 'nothing');
    expect(() => follow(path)).toThrow('CANOPY_X509_TRUST_ANCHORS');
    expect(() => follow(join(folder, 'missing.pem'))).toThrow('CANOPY_X509_TRUST_ANCHORS');
    expect(trusted).toHaveLength(2);
    rmSync(folder, { recursive: true });
  });
});
