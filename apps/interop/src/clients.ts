/**
 * How an actor is as an MLS client: believing, tolerant, with everything switched on that a script can ask for.
 *
 * @module
 */

import { CipherSuiteId, getCipherSuite, isSupportedCipherSuite, type CipherSuite } from '@canopy/crypto';
import {
  createKeyPackage,
  CredentialType,
  defaultPolicy,
  supportedCapabilities,
  type ClientIdentity,
  type Credential,
  type GroupOptions,
  type IdentityProvider,
  type Lifetime,
  type Policy,
} from '@canopy/mls';
import type { Transaction } from './actors.ts';
import { CallRefusal } from './call-refusal.ts';
import { PskTable } from './psk-table.ts';

/** The suites that are played. */
export const suiteIds: readonly number[] = Object.values(CipherSuiteId);

/** Finds a suite by its number. @throws CallRefusal INVALID_ARGUMENT */
export function suiteOf(id: number): CipherSuite {
  if (!isSupportedCipherSuite(id)) {
    throw new CallRefusal('INVALID_ARGUMENT', `cipher suite ${id} is not supported`);
  }
  return getCipherSuite(id);
}

/** Other implementations' leaves can be eternal, expired, or silent about the suite; scripts do not test that. */
const policy: Policy = {
  ...defaultPolicy,
  maximumLifetime: undefined,
  checkLifetimeOnReceive: false,
  requireSuiteInCapabilities: false,
  allowNewMemberProposals: true,
  commitBeforeApplicationData: false,
  resumptionPsks: 100,
};

const believing: IdentityProvider = {
  validateCredential: () => Promise.resolve({ valid: true }),
  validateSuccessor: () => Promise.resolve({ valid: true }),
};

const now = (): bigint => BigInt(Math.floor(Date.now() / 1000));

/** Gives what an actor's groups are made with. */
export function optionsOf(psks: PskTable): GroupOptions {
  return { policy, identities: believing, psks, now };
}

const DAY = 86_400n;

/** Gives the lifetime of a new KeyPackage. */
export function currentLifetime(): Lifetime {
  return { notBefore: now() - DAY, notAfter: now() + 90n * DAY };
}

/** Makes a basic credential. */
export function credentialOf(identity: Uint8Array): Credential {
  return { credentialType: CredentialType.basic, identity };
}

/** Makes a client with a fresh signature key. */
export function createIdentity(suite: CipherSuite, identity: Uint8Array): ClientIdentity {
  return {
    credential: credentialOf(identity),
    signatureKeyPair: suite.signature.generateKeyPair(),
    capabilities: supportedCapabilities(suiteIds),
    leafExtensions: [],
  };
}

/** Makes a client that can be added. */
export function createTransaction(suite: CipherSuite, name: Uint8Array, grease: boolean): Transaction {
  const identity = createIdentity(suite, name);
  const keyPackage = createKeyPackage({ suite, identity, lifetime: currentLifetime(), grease });
  return { suite, identity, psks: new PskTable(), keyPackage };
}
