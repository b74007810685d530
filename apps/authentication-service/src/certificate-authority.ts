/**
 * The CA that certifies devices: an intermediate of the deployment, its chain, and the anchors that it leads to.
 *
 * @module
 */
import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getCipherSuite } from '@canopy/crypto';
import {
  createX509IdentityProvider,
  deviceIdentifiers,
  formatDeviceUri,
  IdentityError,
  issueDeviceCertificate,
  makeSerialNumber,
  readIssuer,
  readPemCertificates,
  x509Credential,
  type CertificateIssuer,
  type DeviceCertificateRequest,
} from '@canopy/identity';
import { ConfigError } from '@canopy/service';
import type { AuthenticationConfig } from './config.ts';

/** Where the chains of devices end, and what they may leave out. */
export interface TrustAnchorSet {
  readonly anchors: readonly Uint8Array[];
  readonly intermediates: readonly Uint8Array[];
}

/** A device's chain, and when its certificate ends. */
export interface DeviceChain {
  /** DER, the device's first, without the anchor. */
  readonly chain: readonly Uint8Array[];
  readonly expiresAtMs: number;
}

/** Certifies devices. */
export interface CertificateAuthority {
  readonly trust: TrustAnchorSet;
  /** When the certificate of the issuing CA ends: nothing is issued from then on. */
  readonly endsAtMs: number;
  certify(request: DeviceCertificateRequest): DeviceChain;
}

/** No CA: nothing is trusted. */
export const NO_ANCHORS: TrustAnchorSet = { anchors: [], intermediates: [] };

/**
 * Reads the CA of the configuration and tries whether a device's chain leads from it to an anchor; undefined when there is none.
 *
 * @throws {ConfigError}
 */
export async function readCertificateAuthority(
  config: AuthenticationConfig,
  nowMs: number,
): Promise<CertificateAuthority | undefined> {
  const { x509IssuerCertificate: file, x509IssuerKey: key, x509Anchors, domain } = config;
  if (file === undefined || key === undefined) return undefined;
  const certificates = readCertificates(file, 'CANOPY_X509_ISSUER_CERTIFICATE');
  const more = x509Anchors === undefined ? [] : readCertificates(x509Anchors, 'CANOPY_X509_ANCHORS');
  const [issuing = new Uint8Array()] = certificates;
  const issuer = orFault(
    () => readIssuer(issuing, readKey(key.reveal())),
    'CANOPY_X509_ISSUER_CERTIFICATE and CANOPY_X509_ISSUER_KEY',
  );
  const authority = createAuthority(issuer, [...certificates], more);
  await requireWorking(authority, domain, nowMs);
  return authority;
}

/** Gives what a set of anchors is known by, whatever their order. */
export function hashOfAnchors({ anchors, intermediates }: TrustAnchorSet): Uint8Array {
  const hash = createHash('sha256');
  for (const [kind, ders] of Object.entries({ anchors, intermediates })) {
    const fingerprints = ders.map((der) => createHash('sha256').update(der).digest('hex'));
    hash.update(`${kind} ${fingerprints.toSorted().join(' ')}\n`);
  }
  return new Uint8Array(hash.digest());
}

function createAuthority(
  issuer: CertificateIssuer,
  certificates: readonly Uint8Array[],
  more: readonly Uint8Array[],
): CertificateAuthority {
  const above = certificates.filter((der) => !isSelfSigned(der));
  const anchors = [...certificates.filter(isSelfSigned), ...more];
  return {
    endsAtMs: Number(issuer.notAfter) * 1000,
    trust: { anchors: withoutRepeats(anchors), intermediates: above },
    certify(request) {
      const { der, notAfter } = issueDeviceCertificate(issuer, request);
      return { chain: [der, ...above], expiresAtMs: Number(notAfter) * 1000 };
    },
  };
}

/** Rather no start than certificates that nobody believes. */
async function requireWorking(authority: CertificateAuthority, domain: string, nowMs: number): Promise<void> {
  const now = BigInt(Math.floor(nowMs / 1000));
  const signatureKey = getCipherSuite(1).signature.generateKeyPair().publicKey;
  const trial = {
    device: formatDeviceUri({ domain, name: 'nobody', deviceId: 'trialtrial' }),
    cipherSuite: 1,
    signatureKey,
    notBefore: now,
    notAfter: now + 60n,
    serialNumber: makeSerialNumber(),
  };
  const { chain } = orFault(() => authority.certify(trial), 'CANOPY_X509_ISSUER_CERTIFICATE');
  const provider = orFault(
    () =>
      createX509IdentityProvider({
        ...authority.trust,
        identifiers: deviceIdentifiers(domain),
        now: () => now,
      }),
    'CANOPY_X509_ISSUER_CERTIFICATE and CANOPY_X509_ANCHORS',
  );
  const credential = x509Credential(chain);
  const verdict = await provider.validateCredential({ credential, signatureKey, extensions: [] });
  if (!verdict.valid) {
    const fault = `CANOPY_X509_ISSUER_CERTIFICATE does not lead to an anchor: ${verdict.reason}`;
    throw new ConfigError([fault]);
  }
}

function readCertificates(file: string, env: string): readonly Uint8Array[] {
  try {
    return readPemCertificates(readFileSync(file, 'utf8'));
  } catch {
    throw new ConfigError([`${env} names a file without certificates in PEM, ${file}`]);
  }
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause could show what was read.
    throw new ConfigError(['CANOPY_X509_ISSUER_KEY is no private key in PEM']);
  }
}

function orFault<T>(read: () => T, env: string): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause;
    throw new ConfigError([`${env} cannot be used: ${cause.message}`]);
  }
}

function isSelfSigned(der: Uint8Array): boolean {
  const certificate = new X509Certificate(der);
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

function withoutRepeats(ders: readonly Uint8Array[]): readonly Uint8Array[] {
  return Array.from(new Map(ders.map((der) => [Buffer.from(der).toString('base64'), der])).values());
}
