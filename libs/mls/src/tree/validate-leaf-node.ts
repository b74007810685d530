/**
 * When a leaf is valid, a function a bullet (RFC 9420 §7.3).
 *
 * @module
 */

import { verifyWithLabel, type CipherSuite } from '@canopy/crypto';
import type { IdentityAnswers } from '../credentials/identity.ts';
import { refuse } from '../errors.ts';
import type { RequiredCapabilities } from '../extensions/required-capabilities.ts';
import type { Policy } from '../policy.ts';
import { isDefaultExtensionType, isDefaultProposalType, isGrease, ProtocolVersion } from '../registries.ts';
import { requiredCapabilitiesOf, type GroupContext } from '../schedule/group-context.ts';
import { LeafNodeSource, signatureOfLeaf, type LeafNode, type LeafPosition } from './leaf-node.ts';
import { isWithinLifetime } from './lifetime.ts';
import type { RatchetTree } from './ratchet-tree.ts';
import type { SignatureAnswers, SignatureClaim } from './signature-answers.ts';
import { validateKeys } from './validate-keys.ts';

/** What a leaf is judged by apart from the group it goes into. */
export interface LeafValidation {
  readonly suite: CipherSuite;
  readonly policy: Policy;
  readonly nowSeconds: bigint;
  readonly identities: IdentityAnswers;
  /** Signatures that were verified ahead; all others are verified when they are asked for. */
  readonly signatures?: SignatureAnswers | undefined;
  /** True for a leaf that this client itself puts into a message (R7.3-08). */
  readonly sending?: boolean;
}

/** Validates what a leaf says by itself: keys, signature, credential, lifetime, its own consistency. */
export function validateLeafNode(
  leaf: LeafNode,
  position: LeafPosition | undefined,
  by: LeafValidation,
): void {
  validateKeys(leaf, by.suite);
  validateSignature(leaf, position, by);
  by.identities.requireValid(leaf);
  validateLifetime(leaf, by);
  validateOwnExtensions(leaf);
  validateOwnCapabilities(leaf, by);
}

function validateSignature(leaf: LeafNode, position: LeafPosition | undefined, by: LeafValidation): void {
  if (!isSignatureValid(signatureOfLeaf(leaf, position), by)) {
    refuse('INVALID_SIGNATURE', 'R7.3-03', 'the signature of the leaf is not valid');
  }
}

/** Says whether a signature is valid, which may have been found out ahead. @throws CryptoError INVALID_PUBLIC_KEY */
export function isSignatureValid(
  claim: SignatureClaim,
  { suite, signatures }: Pick<LeafValidation, 'suite' | 'signatures'>,
): boolean {
  return signatures?.isValid(suite, claim) ?? verifyWithLabel(suite, claim.signed());
}

/** Requires a leaf to come from where it is found (R7.3-11, R7.3-12, R7.3-14). */
export function validateSource(leaf: LeafNode, expected: LeafNodeSource): void {
  const found = leaf.source.leafNodeSource;
  if (found === expected) return;
  const requirement = { 1: 'R7.3-11', 2: 'R7.3-12', 3: 'R7.3-14' }[expected];
  refuse('LEAF_NODE_WRONG_SOURCE', requirement, `leaf_node_source ${expected} expected, found ${found}`);
}

function validateLifetime(leaf: LeafNode, { policy, nowSeconds, sending }: LeafValidation): void {
  if (leaf.source.leafNodeSource !== LeafNodeSource.keyPackage) return;
  const { lifetime } = leaf.source;
  if (lifetime.notAfter < lifetime.notBefore) {
    refuse('LEAF_NODE_EXPIRED', 'R7.2-10', 'the lifetime ends before it starts');
  }
  const { maximumLifetime } = policy;
  if (maximumLifetime !== undefined && lifetime.notAfter - lifetime.notBefore > maximumLifetime) {
    refuse('LEAF_NODE_LIFETIME_TOO_LONG', 'R7.2-09', `a lifetime of at most ${maximumLifetime} s expected`);
  }
  if ((sending === true || policy.checkLifetimeOnReceive) && !isWithinLifetime(lifetime, nowSeconds)) {
    const requirement = sending === true ? 'R7.3-08' : 'R7.3-09';
    refuse('LEAF_NODE_EXPIRED', requirement, 'the current time is not within the lifetime of the leaf');
  }
}

function validateOwnExtensions(leaf: LeafNode): void {
  for (const { extensionType } of leaf.extensions) {
    if (isDefaultExtensionType(extensionType)) continue;
    if (!leaf.capabilities.extensions.includes(extensionType)) {
      refuse('UNSUPPORTED_EXTENSION', 'R7.3-10', `extension ${extensionType} is not among the capabilities`);
    }
  }
}

function validateOwnCapabilities(leaf: LeafNode, { suite, policy }: LeafValidation): void {
  const { credentials, versions, cipherSuites } = leaf.capabilities;
  if (!credentials.includes(leaf.credential.credentialType)) {
    refuse('UNSUPPORTED_CAPABILITY', 'R7.2-06', 'the credential type is not among the capabilities');
  }
  if (!policy.requireSuiteInCapabilities) return;
  if (!versions.includes(ProtocolVersion.mls10) || !cipherSuites.includes(suite.id)) {
    refuse('UNSUPPORTED_CAPABILITY', 'R7.3-18', 'version or cipher suite are not among the capabilities');
  }
}

/** What a group demands of the capabilities of every member; default types are not among them (R7.3-05). */
export interface GroupDemands {
  readonly required: RequiredCapabilities;
  /** The extension types of the GroupContext itself. */
  readonly extensionTypes: readonly number[];
}

const isListed = (type: number): boolean => !isDefaultExtensionType(type);

/** Gives what a group demands, to be asked once for many leaves (RFC 9420 §11.1, §13.4). */
export function demandsOf(context: Pick<GroupContext, 'extensions'>): GroupDemands {
  const { extensionTypes, proposalTypes, credentialTypes } = requiredCapabilitiesOf(context) ?? nothing;
  const present = context.extensions.map(({ extensionType }) => extensionType);
  refuseGrease(present, 'R13.5-03');
  refuseGrease([...extensionTypes, ...proposalTypes, ...credentialTypes], 'R13.5-05');
  return {
    required: {
      extensionTypes: extensionTypes.filter(isListed),
      proposalTypes: proposalTypes.filter((type) => !isDefaultProposalType(type)),
      credentialTypes,
    },
    extensionTypes: present.filter(isListed),
  };
}

const nothing: RequiredCapabilities = { extensionTypes: [], proposalTypes: [], credentialTypes: [] };

// Nobody supports a GREASE value, even where all members happen to list the same one.
function refuseGrease(types: readonly number[], requirement: string): void {
  const grease = types.find(isGrease);
  if (grease !== undefined) {
    refuse('UNSUPPORTED_EXTENSION', requirement, `the group demands ${grease}, which is a GREASE value`);
  }
}

/** Requires that a leaf supports what a group demands (R7.3-04, R7.3-19). */
export function validateSupport(
  { capabilities }: LeafNode,
  { required, extensionTypes }: GroupDemands,
): void {
  const { extensions, proposals, credentials } = capabilities;
  const missing =
    required.extensionTypes.find((type) => !extensions.includes(type)) ??
    required.proposalTypes.find((type) => !proposals.includes(type)) ??
    required.credentialTypes.find((type) => !credentials.includes(type));
  if (missing !== undefined) {
    refuse('UNSUPPORTED_CAPABILITY', 'R7.3-04', `required capability ${missing} is not supported`);
  }
  const unknown = extensionTypes.find((type) => !extensions.includes(type));
  if (unknown !== undefined) {
    refuse('UNSUPPORTED_EXTENSION', 'R7.3-19', `the group's extension ${unknown} is not supported`);
  }
}

/**
 * Requires that a leaf fits into the tree that it is part of: its keys are its own, credential types are mutually
 * supported (R7.3-06, R7.3-07, R7.3-15 to R7.3-17). The tree is the one that results.
 */
export function validatePlaceInTree(leaf: LeafNode, tree: RatchetTree): void {
  validateUniqueKeys(leaf, tree);
  const { credentialType } = leaf.credential;
  if (tree.index.countSupport('credential', credentialType) < tree.memberCount) {
    refuse(
      'UNSUPPORTED_CAPABILITY',
      'R7.3-06',
      `some member does not support credential type ${credentialType}`,
    );
  }
  const unknown = tree.index
    .credentialTypesInUse()
    .find((type) => !leaf.capabilities.credentials.includes(type));
  if (unknown !== undefined) {
    refuse('UNSUPPORTED_CAPABILITY', 'R7.3-07', `credential type ${unknown} is in use but not supported`);
  }
}

function validateUniqueKeys(leaf: LeafNode, tree: RatchetTree): void {
  if (tree.index.countSignatureKey(leaf.signatureKey) > 1) {
    refuse('DUPLICATE_KEY', 'R7.3-15', 'the signature key belongs to another member too');
  }
  if (tree.index.countEncryptionKey(leaf.encryptionKey) > 1) {
    refuse('DUPLICATE_KEY', 'R7.3-16', 'the encryption key belongs to another node too');
  }
}
