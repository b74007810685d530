/**
 * How a client makes a KeyPackage (RFC 9420 §10).
 *
 * @module
 */

import { isSupportedCipherSuite, type CipherSuite } from '@canopy/crypto';
import { refuse } from '../errors.ts';
import type { Extension } from '../extensions/extension.ts';
import { addGrease, addGreaseExtension, greaseExtension } from '../extensions/grease.ts';
import {
  CredentialType,
  isDefaultExtensionType,
  isDefaultProposalType,
  isGrease,
  isPrivateUse,
  ProtocolVersion,
} from '../registries.ts';
import type { Capabilities } from '../tree/capabilities.ts';
import { LeafNodeSource, signLeafNode, type LeafNode } from '../tree/leaf-node.ts';
import type { Lifetime } from '../tree/lifetime.ts';
import { leafOf, type ClientIdentity } from './client-identity.ts';
import { signKeyPackage, type KeyPackage } from './key-package.ts';

/** What a KeyPackage is made from. */
export interface KeyPackageRequest {
  readonly suite: CipherSuite;
  readonly identity: ClientIdentity;
  readonly lifetime: Lifetime;
  /** Whether unknown values are mixed in to keep peers tolerant (RFC 9420 §13.5). */
  readonly grease: boolean;
}

/** A KeyPackage with the private keys that belong to it; the caller stores them until the Welcome comes. */
export interface OwnKeyPackage {
  readonly keyPackage: KeyPackage;
  readonly initPrivateKey: Uint8Array;
  readonly encryptionPrivateKey: Uint8Array;
  readonly signaturePrivateKey: Uint8Array;
}

/** Lists what this library supports, for a client that speaks the given suites and extension types (RFC 9420 §7.2). */
export function supportedCapabilities(
  cipherSuites: readonly number[],
  more: { readonly extensions?: readonly number[]; readonly proposals?: readonly number[] } = {},
): Capabilities {
  return {
    versions: [ProtocolVersion.mls10],
    cipherSuites,
    extensions: (more.extensions ?? []).filter((type) => !isDefaultExtensionType(type)),
    proposals: (more.proposals ?? []).filter((type) => !isDefaultProposalType(type)),
    credentials: Object.values(CredentialType),
  };
}

/** Makes the leaf that a client enters a group with, and its encryption key (RFC 9420 §7.2). */
export function createKeyPackageLeaf({ suite, identity, lifetime, grease }: KeyPackageRequest): {
  readonly leafNode: LeafNode;
  readonly encryptionPrivateKey: Uint8Array;
} {
  const { publicKey: encryptionKey, privateKey: encryptionPrivateKey } = suite.hpke.generateKeyPair();
  const leaf = leafOf(identity, suite);
  validateAdvertised(leaf.capabilities);
  const leafNode = signLeafNode(
    suite,
    {
      ...leaf,
      encryptionKey,
      capabilities: grease ? addGrease(suite, leaf.capabilities) : leaf.capabilities,
      source: { leafNodeSource: LeafNodeSource.keyPackage, lifetime },
    },
    identity.signatureKeyPair.privateKey,
  );
  return { leafNode, encryptionPrivateKey };
}

/** Makes a KeyPackage with fresh keys (RFC 9420 §10). */
export function createKeyPackage(request: KeyPackageRequest): OwnKeyPackage {
  const { suite, grease } = request;
  const identity = grease ? addGreaseExtension(suite, request.identity) : request.identity;
  const { leafNode, encryptionPrivateKey } = createKeyPackageLeaf({ ...request, identity });
  const { publicKey: initKey, privateKey: initPrivateKey } = suite.hpke.generateKeyPair();
  const signaturePrivateKey = identity.signatureKeyPair.privateKey;
  const keyPackage = signKeyPackage(
    suite,
    {
      version: ProtocolVersion.mls10,
      cipherSuite: suite.id,
      initKey,
      leafNode,
      extensions: grease ? listedGrease(suite, leafNode.capabilities) : [],
    },
    signaturePrivateKey,
  );
  return { keyPackage, initPrivateKey, encryptionPrivateKey, signaturePrivateKey };
}

// R10-09: an extension that is present is also listed, so the listed value is taken.
function listedGrease(suite: CipherSuite, { extensions }: Capabilities): readonly Extension[] {
  const listed = extensions.findLast(isGrease);
  return listed === undefined ? [] : [greaseExtension(suite, listed)];
}

const knownCredentialTypes: ReadonlySet<number> = new Set(Object.values(CredentialType));

const isAnybodysOwn = (value: number): boolean => isPrivateUse(value) || isGrease(value);

/**
 * Requires that the library can do what a KeyPackage says (R13.4-01). Extensions, and values for private use, are the
 * application's own business.
 */
function validateAdvertised({ versions, cipherSuites, proposals, credentials }: Capabilities): void {
  const unsupported =
    versions.find((version) => version !== ProtocolVersion.mls10) ??
    cipherSuites.find((id) => !isSupportedCipherSuite(id) && !isAnybodysOwn(id)) ??
    proposals.find((type) => !isAnybodysOwn(type)) ??
    credentials.find((type) => !knownCredentialTypes.has(type) && !isAnybodysOwn(type));
  if (unsupported !== undefined) {
    refuse('MISUSE', 'R13.4-01', `value ${unsupported} is among the capabilities, but not supported`);
  }
}
