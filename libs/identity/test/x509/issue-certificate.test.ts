import { createPublicKey, generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { getCipherSuite } from '@canopy/crypto';
import { describe, expect, it } from '@jest/globals';
import {
  createX509IdentityProvider,
  deviceIdentifiers,
  deviceOfX509Credential,
  issueAuthorityCertificate,
  issueDeviceCertificate,
  makeSerialNumber,
  readIssuer,
  readPemCertificates,
  selfIssuer,
  toPem,
  x509Credential,
  type CertificateIssuer,
} from '../../src/index.ts';
import { newCertificateKey, NOW, type KeyName } from './authority.ts';

const DEVICE = 'mimi://example.com/d/alice/a1b2c3d4';
const DAY = 86_400n;
const validity = { notBefore: NOW - DAY, notAfter: NOW + 30n * DAY };

function rootAnd(kind: KeyName): { readonly root: Uint8Array; readonly issuer: CertificateIssuer } {
  const rootKey = newCertificateKey('p384').privateKey;
  const self = selfIssuer('Root', rootKey, NOW + 3_650n * DAY);
  const forRoot = { commonName: 'Root', pathLength: 1, publicKey: createPublicKey(rootKey) };
  const root = issueAuthorityCertificate(self, { ...forRoot, ...validity, notAfter: self.notAfter }).der;
  const { privateKey, publicKey } = newCertificateKey(kind);
  const above = readIssuer(root, rootKey);
  const forIssuer = { commonName: 'Issuer', pathLength: 0, publicKey };
  const issuing = issueAuthorityCertificate(above, {
    ...forIssuer,
    ...validity,
    notAfter: NOW + 365n * DAY,
  }).der;
  return { root, issuer: readIssuer(issuing, privateKey) };
}

function deviceChain(
  issuer: CertificateIssuer,
  cipherSuite = 1,
  notAfter = validity.notAfter,
): { readonly chain: readonly Uint8Array[]; readonly signatureKey: Uint8Array; readonly notAfter: bigint } {
  const signatureKey = getCipherSuite(cipherSuite).signature.generateKeyPair().publicKey;
  const serialNumber = makeSerialNumber();
  const request = { device: DEVICE, cipherSuite, signatureKey, ...validity, notAfter, serialNumber };
  const issued = issueDeviceCertificate(issuer, request);
  return {
    chain: [issued.der, issuer.certificate ?? new Uint8Array()],
    signatureKey,
    notAfter: issued.notAfter,
  };
}

function judge(anchor: Uint8Array, now = NOW) {
  const identifiers = deviceIdentifiers('example.com');
  return createX509IdentityProvider({ anchors: [anchor], identifiers, now: () => now });
}

const refusal = (der: Uint8Array, key: KeyObject): string => {
  try {
    readIssuer(der, key);
    return 'accepted';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other';
  }
};

describe('issuing certificates', () => {
  it('issues none that would end before it begins, because the issuer has ended', () => {
    const { issuer } = rootAnd('p256');
    const late = { notBefore: issuer.notAfter, notAfter: issuer.notAfter + DAY };
    const signatureKey = getCipherSuite(1).signature.generateKeyPair().publicKey;
    const request = {
      device: DEVICE,
      cipherSuite: 1,
      signatureKey,
      ...late,
      serialNumber: makeSerialNumber(),
    };
    expect(() => issueDeviceCertificate(issuer, request)).toThrow(
      expect.objectContaining({ code: 'INVALID_CERTIFICATE' }),
    );
    const good = { ...request, notBefore: late.notBefore - 1n };
    expect(issueDeviceCertificate(issuer, good).notAfter).toBe(issuer.notAfter);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('certifies a device with a key of suite %i', async (cipherSuite) => {
    const { root, issuer } = rootAnd('p256');
    const { chain, signatureKey } = deviceChain(issuer, cipherSuite);
    const credential = x509Credential(chain);
    expect(deviceOfX509Credential(credential)).toBe(DEVICE);
    const presented = { credential, signatureKey, extensions: [] };
    expect(await judge(root).validateCredential(presented)).toEqual({ valid: true });
    const other = getCipherSuite(cipherSuite).signature.generateKeyPair().publicKey;
    expect(await judge(root).validateCredential({ ...presented, signatureKey: other })).toEqual({
      valid: false,
      reason: 'CERTIFICATE_OTHER_KEY',
    });
  });

  it.each<KeyName>(['p256', 'p384', 'p521', 'ed25519', 'ed448', 'rsa'])(
    'signs with a CA key of the kind %s',
    async (kind) => {
      const { root, issuer } = rootAnd(kind);
      const { chain, signatureKey } = deviceChain(issuer);
      const presented = { credential: x509Credential(chain), signatureKey, extensions: [] };
      expect(await judge(root).validateCredential(presented)).toEqual({ valid: true });
    },
  );

  it('is understood by another implementation: OpenSSL', () => {
    const { root, issuer } = rootAnd('p256');
    const { chain } = deviceChain(issuer, 2);
    const [device, issuing] = chain.map((der) => new X509Certificate(der));
    const anchor = new X509Certificate(root);
    if (device === undefined || issuing === undefined) throw new Error('two certificates expected');
    expect(device.subjectAltName).toBe(`URI:${DEVICE}`);
    expect(device.keyUsage).toEqual(['1.3.6.1.5.5.7.3.40']);
    expect([device, issuing, anchor].map(({ ca }) => ca)).toEqual([false, true, true]);
    expect([device.checkIssued(issuing), issuing.checkIssued(anchor)]).toEqual([true, true]);
    expect(device.verify(issuing.publicKey)).toBe(true);
    expect(issuing.verify(anchor.publicKey)).toBe(true);
    expect(anchor.verify(anchor.publicKey)).toBe(true);
  });

  it('gives no certificate that holds longer than its issuer', () => {
    const { issuer } = rootAnd('p256');
    const long = deviceChain(issuer, 1, issuer.notAfter + 1n);
    expect(long.notAfter).toBe(issuer.notAfter);
    const end = new X509Certificate(long.chain[0] ?? '').validToDate;
    expect(BigInt(end.getTime() / 1000)).toBe(issuer.notAfter);
  });

  it('writes years after 2049 in four digits', () => {
    const key = newCertificateKey('p256').privateKey;
    const until = 3_000_000_000n;
    const self = selfIssuer('Root', key, until);
    const request = { commonName: 'Root', pathLength: 0, publicKey: createPublicKey(key) };
    const { der } = issueAuthorityCertificate(self, { ...request, notBefore: NOW, notAfter: until });
    expect(new X509Certificate(der).validToDate.getUTCFullYear()).toBe(2065);
  });

  it('makes serial numbers with 128 random bits that are positive', () => {
    const serials = Array.from({ length: 1_000 }, makeSerialNumber);
    expect(new Set(serials).size).toBe(1_000);
    expect(serials.every((serial) => /^01[0-9a-f]{32}$/.test(serial))).toBe(true);
    const { issuer } = rootAnd('p256');
    const { chain } = deviceChain(issuer);
    expect(new X509Certificate(chain[0] ?? '').serialNumber).toMatch(/^0?1[0-9A-F]{32}$/);
  });

  it('is not believed under another root, or after its end', async () => {
    const { root, issuer } = rootAnd('p256');
    const { chain, signatureKey } = deviceChain(issuer);
    const presented = { credential: x509Credential(chain), signatureKey, extensions: [] };
    const other = rootAnd('p256').root;
    expect(await judge(other).validateCredential(presented)).toMatchObject({ valid: false });
    expect(await judge(root, validity.notAfter + 1n).validateCredential(presented)).toEqual({
      valid: false,
      reason: 'CERTIFICATE_EXPIRED',
    });
  });
});

describe('reading an issuer', () => {
  it('refuses a private key of another certificate, a certificate of a device, and bytes that are none', () => {
    const { issuer } = rootAnd('p256');
    const certificate = issuer.certificate ?? new Uint8Array();
    expect(refusal(certificate, issuer.privateKey)).toBe('accepted');
    expect(refusal(certificate, newCertificateKey('p256').privateKey)).toBe('INVALID_CERTIFICATE');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const signatureKey = Uint8Array.from(publicKey.export({ format: 'raw-public' }));
    const request = { device: DEVICE, cipherSuite: 1, signatureKey, serialNumber: makeSerialNumber() };
    const { der } = issueDeviceCertificate(issuer, { ...request, ...validity });
    expect(refusal(der, privateKey)).toBe('INVALID_CERTIFICATE');
    expect(refusal(new Uint8Array(40), privateKey)).toBe('INVALID_CERTIFICATE');
  });

  it('reads chains in PEM as they are written, and refuses a text without any', () => {
    const { root, issuer } = rootAnd('ed25519');
    const chain = [issuer.certificate ?? new Uint8Array(), root];
    const pem = `a comment\n${chain.map(toPem).join('\n')}`;
    expect(readPemCertificates(pem)).toEqual(chain);
    for (const text of ['', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
      expect(() => readPemCertificates(text)).toThrow(
        expect.objectContaining({ code: 'INVALID_CERTIFICATE' }),
      );
    }
  });
});
