/**
 * What all members agree on in an epoch (RFC 9420 §8.1).
 *
 * @module
 */

import { opaque, retained, struct, uint16, uint64, type TypeOf } from '@canopy/codec';
import type { PresentedCredential } from '../credentials/identity.ts';
import { Extensions, findExtension } from '../extensions/extension.ts';
import { ExternalSenders, type ExternalSender } from '../extensions/external-senders.ts';
import { RequiredCapabilities } from '../extensions/required-capabilities.ts';
import { ExtensionType } from '../registries.ts';

/** What all members agree on in an epoch (RFC 9420 §8.1). */
export const GroupContext = retained(
  struct({
    version: uint16,
    cipherSuite: uint16,
    groupId: opaque,
    epoch: uint64,
    treeHash: opaque,
    confirmedTranscriptHash: opaque,
    extensions: Extensions,
  }),
);
/** What all members agree on in an epoch (RFC 9420 §8.1). */
export type GroupContext = TypeOf<typeof GroupContext>;

/** Gives what every member has to support; undefined when the group does not say (RFC 9420 §11.1). */
export function requiredCapabilitiesOf(
  context: Pick<GroupContext, 'extensions'>,
): RequiredCapabilities | undefined {
  return findExtension(context.extensions, ExtensionType.requiredCapabilities, RequiredCapabilities);
}

/** Gives the outside parties as they are judged: nothing but a credential and a key came with them (R5.3.1-06). */
export function presentedSendersOf(
  context: Pick<GroupContext, 'extensions'>,
): readonly PresentedCredential[] {
  return externalSendersOf(context).map((sender) => ({ ...sender, extensions: [] }));
}

/** Gives the outside parties that may propose (RFC 9420 §12.1.8.1). */
export function externalSendersOf(context: Pick<GroupContext, 'extensions'>): readonly ExternalSender[] {
  return findExtension(context.extensions, ExtensionType.externalSenders, ExternalSenders) ?? [];
}
