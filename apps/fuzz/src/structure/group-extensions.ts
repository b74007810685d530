/**
 * The extensions of a simulated group, and the parties outside of it that may propose.
 *
 * @module
 */

import type { CipherSuite, KeyPair } from '@canopy/crypto';
import {
  createExtension,
  CredentialType,
  ExtensionType,
  ExternalSenders,
  ProposalType,
  RequiredCapabilities,
  type Extension,
} from '@canopy/mls';
import type { Choices } from '../choices.ts';
import { KNOWN_EXTENSION } from './client.ts';

/** A party outside of the group that the group allows to propose. */
export interface ExternalParty {
  readonly name: string;
  readonly signatureKeyPair: KeyPair;
}

/** Chooses what a group begins with. */
export function firstExtensions(
  choices: Choices,
  suite: CipherSuite,
): { readonly extensions: readonly Extension[]; readonly externals: readonly ExternalParty[] } {
  const externals = Array.from({ length: choices.below(3) }, (_, index) => ({
    name: `x${index}`,
    signatureKeyPair: suite.signature.generateKeyPair(),
  }));
  return { extensions: chooseExtensions(choices, externals), externals };
}

/** Chooses extensions that all members support. */
export function chooseExtensions(
  choices: Choices,
  externals: readonly ExternalParty[],
): readonly Extension[] {
  const extensions: Extension[] = [];
  if (choices.chance(40)) extensions.push(requiredCapabilities());
  // Whoever may propose once may always: its place in the list is part of what it signs.
  if (externals.length > 0) extensions.push(externalSenders(externals));
  if (choices.chance(40)) {
    extensions.push({ extensionType: KNOWN_EXTENSION, extensionData: choices.bytes(choices.below(40)) });
  }
  return extensions;
}

function requiredCapabilities(): Extension {
  return createExtension(ExtensionType.requiredCapabilities, RequiredCapabilities, {
    extensionTypes: [KNOWN_EXTENSION],
    proposalTypes: [ProposalType.groupContextExtensions],
    credentialTypes: [CredentialType.basic],
  });
}

function externalSenders(externals: readonly ExternalParty[]): Extension {
  const list = externals.map(({ name, signatureKeyPair }) => ({
    signatureKey: signatureKeyPair.publicKey,
    credential: { credentialType: CredentialType.basic, identity: new TextEncoder().encode(name) },
  }));
  return createExtension(ExtensionType.externalSenders, ExternalSenders, list);
}
