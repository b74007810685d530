/**
 * Who a client is, as every leaf of it says (RFC 9420 §7.2).
 *
 * @module
 */

import type { CipherSuite, KeyPair } from '@canopy/crypto';
import type { Credential } from '../credentials/credential.ts';
import { refuse } from '../errors.ts';
import type { Extension } from '../extensions/extension.ts';
import { isDefaultExtensionType, isDefaultProposalType, ProtocolVersion } from '../registries.ts';
import type { Capabilities } from '../tree/capabilities.ts';
import type { LeafNodeContent } from '../tree/leaf-node.ts';

/** Who a client is: what every leaf of it says. */
export interface ClientIdentity {
  readonly credential: Credential;
  readonly signatureKeyPair: KeyPair;
  readonly capabilities: Capabilities;
  readonly leafExtensions: readonly Extension[];
}

/** The part of a leaf that a client's identity decides. */
export type IdentityPart = Pick<
  LeafNodeContent,
  'signatureKey' | 'credential' | 'capabilities' | 'extensions'
>;

/**
 * Gives the part of a leaf that a client's identity decides.
 *
 * @throws MlsError MISUSE, UNSUPPORTED_CAPABILITY, UNSUPPORTED_EXTENSION for what no own leaf may say
 */
export function leafOf(identity: ClientIdentity, suite: CipherSuite): IdentityPart {
  const { credential, capabilities, leafExtensions: extensions, signatureKeyPair } = identity;
  validateWithoutDefaults(capabilities);
  validateComplete(identity, suite);
  validateExtensionsListed(identity);
  return { credential, capabilities, extensions, signatureKey: signatureKeyPair.publicKey };
}

// Only own leaves: a received one that lists defaults is tolerated (text note T-08).
function validateWithoutDefaults({ extensions, proposals }: Capabilities): void {
  if (extensions.some(isDefaultExtensionType) || proposals.some(isDefaultProposalType)) {
    refuse('MISUSE', 'R7.2-03', 'types that every client supports are not listed among the capabilities');
  }
}

function validateComplete({ credential, capabilities }: ClientIdentity, suite: CipherSuite): void {
  const { versions, cipherSuites, credentials } = capabilities;
  if (
    !versions.includes(ProtocolVersion.mls10) ||
    !cipherSuites.includes(suite.id) ||
    !credentials.includes(credential.credentialType)
  ) {
    refuse('UNSUPPORTED_CAPABILITY', 'R7.2-04', 'the version, suite and credential in use have to be listed');
  }
}

function validateExtensionsListed({ capabilities, leafExtensions }: ClientIdentity): void {
  for (const { extensionType } of leafExtensions) {
    if (!isDefaultExtensionType(extensionType) && !capabilities.extensions.includes(extensionType)) {
      refuse('UNSUPPORTED_EXTENSION', 'R7.2-05', `extension ${extensionType} is not among the capabilities`);
    }
  }
}
