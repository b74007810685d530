/**
 * Devices with certificates, and what the judge says of them.
 *
 * @module
 */
import type { KeyPair } from '@canopy/crypto';
import type { IdentityProvider, PresentedCredential } from '@canopy/mls';
import {
  createX509IdentityProvider,
  deviceIdentifiers,
  x509Credential,
  type X509IdentityProviderOptions,
} from '../../src/index.ts';
import {
  issue,
  newCertificateKey,
  NOW,
  rootCa,
  subordinateCa,
  type CertificateRequest,
  type Issued,
  type KeyName,
  type Signer,
  type TestKey,
} from './authority.ts';

export const DOMAIN = 'example.com';
export const DEVICE = 'mimi://example.com/d/alice/a1b2c3d4';

/** The signature key of each suite, and the kind of key that a certificate has for it. */
export const KEY_OF_SUITE: Readonly<Record<number, KeyName>> = {
  1: 'ed25519',
  2: 'p256',
  3: 'ed25519',
  4: 'ed448',
  5: 'p521',
  6: 'ed448',
  7: 'p384',
};

/** A root, a CA below it, and nothing else: what most stories begin with. */
export const root = rootCa();
export const issuing = subordinateCa(root);

/** A certificate with the key pair as MLS writes it. */
export interface Device extends Issued {
  readonly pair: KeyPair;
}

/** Gives a key pair as MLS writes it. */
export function pairOf({ publicKey, privateKey }: TestKey): KeyPair {
  return {
    publicKey: Uint8Array.from(publicKey.export({ format: 'raw-public' })),
    privateKey: Uint8Array.from(privateKey.export({ format: 'raw-private' })),
  };
}

/** Issues the certificate of a device with a new key. */
export function device(signer: Signer, request: CertificateRequest = {}, kind: KeyName = 'ed25519'): Device {
  const key = newCertificateKey(kind);
  return { ...issue(signer, key, { uris: [DEVICE], ...request }), pair: pairOf(key) };
}

/** What a member shows: a chain, and the key of its first certificate. */
export function present(who: Device, ...chain: readonly Issued[]): PresentedCredential {
  const credential = x509Credential([who, ...chain].map(({ der }) => der));
  return { credential, signatureKey: who.pair.publicKey, extensions: [] };
}

/** Makes a judge who trusts the usual root. */
export function judge(options: Partial<X509IdentityProviderOptions> = {}): IdentityProvider {
  return createX509IdentityProvider({
    anchors: [root.der],
    identifiers: deviceIdentifiers(DOMAIN),
    now: () => NOW,
    ...options,
  });
}

/** What the judge says: `accepted`, or why not. */
export async function reasonFor(leaf: PresentedCredential, by: IdentityProvider = judge()): Promise<string> {
  const verdict = await by.validateCredential(leaf);
  return verdict.valid ? 'accepted' : verdict.reason;
}
