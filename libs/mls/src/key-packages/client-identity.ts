/**
 * Who a client is, as every leaf of it says (RFC 9420 §7.2).
 *
 * @module
 */

import type { KeyPair } from '@canopy/crypto';
import type { Credential } from '../credentials/credential.ts';
import type { Extension } from '../extensions/extension.ts';
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

/** Gives the part of a leaf that a client's identity decides. */
export function leafOf(identity: ClientIdentity): IdentityPart {
  const { credential, capabilities, leafExtensions: extensions, signatureKeyPair } = identity;
  return { credential, capabilities, extensions, signatureKey: signatureKeyPair.publicKey };
}
