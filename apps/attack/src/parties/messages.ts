/**
 * Messages that are MLS outside and noise inside: all that the Delivery Service can see of them is right.
 *
 * @module
 */
import { ContentType, encodeMessage, toLeafIndex, WireFormat } from '@canopy/mls';
import { SUITE } from './device.ts';

/** Where noise comes from. */
export type Noise = (length: number) => Uint8Array;

/** The group and the epoch of a message. */
export interface Place {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
}

/** A PrivateMessage with a ciphertext of noise (RFC 9420 §6.3). */
export function privateMessage(
  contentType: ContentType,
  { groupId, epoch }: Place,
  noise: Noise,
  length = 64,
): Uint8Array {
  return encodeMessage({
    wireFormat: WireFormat.privateMessage,
    privateMessage: {
      groupId,
      epoch,
      contentType,
      authenticatedData: new Uint8Array(),
      encryptedSenderData: noise(16),
      ciphertext: noise(length),
    },
  });
}

/** A GroupInfo with a signature of noise (RFC 9420 §12.4.3). */
export function groupInfo({ groupId, epoch }: Place, noise: Noise): Uint8Array {
  return encodeMessage({
    wireFormat: WireFormat.groupInfo,
    groupInfo: {
      groupContext: {
        version: 1,
        cipherSuite: SUITE.id,
        groupId,
        epoch,
        treeHash: noise(32),
        confirmedTranscriptHash: noise(32),
        extensions: [],
      },
      extensions: [],
      confirmationTag: noise(32),
      signer: toLeafIndex(0),
      signature: noise(64),
    },
  });
}

/** A Welcome for KeyPackages, with noise in it (RFC 9420 §12.4.3.1). */
export function welcome(refs: readonly Uint8Array[], noise: Noise): Uint8Array {
  return encodeMessage({
    wireFormat: WireFormat.welcome,
    welcome: {
      cipherSuite: SUITE.id,
      secrets: refs.map((newMember) => ({
        newMember,
        encryptedGroupSecrets: { kemOutput: noise(32), ciphertext: noise(48) },
      })),
      encryptedGroupInfo: noise(100),
    },
  });
}
