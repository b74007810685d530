/**
 * The CA of a small deployment: a root, and an intermediate that issues, as files.
 *
 * @module
 */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  issueAuthorityCertificate,
  readIssuer,
  selfIssuer,
  toPem,
  type CertificateIssuer,
} from '@canopy/identity';

/** Where the files go, and for whom. */
export interface CaFilesRequest {
  readonly folder: string;
  readonly domain: string;
  readonly nowMs: number;
}

/** What was written. */
export interface CaFiles {
  /** The private key of the root: it belongs off this machine. */
  readonly rootKey: string;
  /** The root's certificate. */
  readonly root: string;
  /** For CANOPY_X509_ISSUER_KEY_FILE. */
  readonly issuerKey: string;
  /** For CANOPY_X509_ISSUER_CERTIFICATE: the intermediate and the root. */
  readonly issuerCertificate: string;
}

const NAMES = {
  rootKey: 'root.key',
  root: 'root.pem',
  issuerKey: 'issuer.key',
  issuerCertificate: 'issuer.pem',
} as const;
const DAY = 86_400n;
const ROOT_LIFETIME = 3_650n * DAY;
const ISSUER_LIFETIME = 1_095n * DAY;
/** Clocks differ. */
const BACKDATED = 3_600n;

/** Makes a root for ten years and an intermediate for three, both on P-384. @throws Error EEXIST rather than replace a file */
export function makeCaFiles({ folder, domain, nowMs }: CaFilesRequest): CaFiles {
  requireNone(folder);
  const now = BigInt(Math.floor(nowMs / 1000));
  const [rootKey, issuerKey] = [newKey(), newKey()];
  const root = makeRoot(rootKey, `${domain} root CA`, now);
  const issuer = issueAuthorityCertificate(readIssuer(root, rootKey), {
    commonName: `${domain} issuing CA`,
    publicKey: createPublicKey(issuerKey),
    pathLength: 0,
    notBefore: now - BACKDATED,
    notAfter: now + ISSUER_LIFETIME,
  }).der;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    rootKey: writePrivate(join(folder, NAMES.rootKey), toPkcs8(rootKey)),
    root: writePrivate(join(folder, NAMES.root), toPem(root)),
    issuerKey: writePrivate(join(folder, NAMES.issuerKey), toPkcs8(issuerKey)),
    issuerCertificate: writePrivate(join(folder, NAMES.issuerCertificate), `${toPem(issuer)}${toPem(root)}`),
  };
}

/** The root's key is meant to be taken away: a new one must not come to lie beside the other files. */
function requireNone(folder: string): void {
  const found = Object.values(NAMES).find((name) => existsSync(join(folder, name)));
  if (found === undefined) return;
  throw Object.assign(new Error(`there is a ${found} already in ${folder}`), { code: 'EEXIST' });
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
}

function makeRoot(key: KeyObject, commonName: string, now: bigint): Uint8Array {
  const self: CertificateIssuer = selfIssuer(commonName, key, now + ROOT_LIFETIME);
  const publicKey = createPublicKey(key);
  const validity = { notBefore: now - BACKDATED, notAfter: self.notAfter };
  return issueAuthorityCertificate(self, { commonName, publicKey, pathLength: 1, ...validity }).der;
}

function toPkcs8(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function writePrivate(path: string, text: string): string {
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
  return path;
}
