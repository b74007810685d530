/**
 * Who Canopy's clients are in the benchmark, puppets and live ones: basic credentials that everybody believes.
 *
 * @module
 */

import { CipherSuiteId, type CipherSuite } from '@canopy/crypto';
import {
  createKeyPackage,
  CredentialType,
  defaultPolicy,
  noPsks,
  supportedCapabilities,
  type ClientIdentity,
  type GroupOptions,
  type IdentityProvider,
  type Lifetime,
  type OwnKeyPackage,
} from '@canopy/mls';

const believing: IdentityProvider = {
  validateCredential: () => Promise.resolve({ valid: true }),
  validateSuccessor: () => Promise.resolve({ valid: true }),
};

const now = (): bigint => BigInt(Math.floor(Date.now() / 1000));

/** What Canopy's groups are made with: the default policy, but without padding, as the other libraries are asked to. */
export const groupOptions: GroupOptions = {
  policy: { ...defaultPolicy, padding: { kind: 'none' } },
  identities: believing,
  psks: noPsks,
  now,
};

const DAY = 86_400n;

/** Gives a lifetime of 80 days; some libraries refuse longer ones. */
export function currentLifetime(): Lifetime {
  return { notBefore: now() - DAY, notAfter: now() + 79n * DAY };
}

/** Makes a client with fresh signature keys. */
export function createIdentity(suite: CipherSuite, name: string): ClientIdentity {
  return {
    credential: { credentialType: CredentialType.basic, identity: Buffer.from(name, 'utf8') },
    signatureKeyPair: suite.signature.generateKeyPair(),
    capabilities: supportedCapabilities(Object.values(CipherSuiteId)),
    leafExtensions: [],
  };
}

/** Makes a KeyPackage without GREASE, which some libraries refuse. */
export function createPlainKeyPackage(suite: CipherSuite, identity: ClientIdentity): OwnKeyPackage {
  return createKeyPackage({ suite, identity, lifetime: currentLifetime(), grease: false });
}
