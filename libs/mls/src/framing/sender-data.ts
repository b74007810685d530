/**
 * Who sent a PrivateMessage, encrypted apart from its content (RFC 9420 §6.3.2).
 *
 * @module
 */

import {
  decode,
  encode,
  enumeration,
  fixed,
  opaque,
  struct,
  uint32,
  uint64,
  uint8,
  type TypeOf,
} from '@canopy/codec';
import { expandWithLabel, wipe, type CipherSuite } from '@canopy/crypto';
import { LeafIndexCodec } from '../tree/math.ts';
import { ContentType } from './content.ts';
import type { PrivateMessage } from './private-message.ts';

/** How many bytes of a nonce the reuse guard changes (RFC 9420 §6.3.1). */
export const REUSE_GUARD_SIZE = 4;

/** How many bytes sender data has before it is encrypted: two numbers and the reuse guard (RFC 9420 §6.3.2). */
export const SENDER_DATA_SIZE = 4 + 4 + REUSE_GUARD_SIZE;

/** The sender and its ratchet's generation (RFC 9420 §6.3.2). */
export const SenderData = struct({
  leafIndex: LeafIndexCodec,
  generation: uint32,
  reuseGuard: fixed(REUSE_GUARD_SIZE),
});
/** The sender and its ratchet's generation (RFC 9420 §6.3.2). */
export type SenderData = TypeOf<typeof SenderData>;

const SenderDataAAD = struct({
  groupId: opaque,
  epoch: uint64,
  contentType: enumeration(uint8, ContentType),
});

/** Derives key and nonce from a sample of the ciphertext (RFC 9420 §6.3.2). */
export function senderDataKey(
  suite: CipherSuite,
  senderDataSecret: Uint8Array,
  ciphertext: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const context = ciphertext.subarray(0, suite.kdf.size);
  const { keySize, nonceSize } = suite.aead;
  return {
    key: expandWithLabel(suite, senderDataSecret, { label: 'key', context, length: keySize }),
    nonce: expandWithLabel(suite, senderDataSecret, { label: 'nonce', context, length: nonceSize }),
  };
}

type Header = Pick<PrivateMessage, 'groupId' | 'epoch' | 'contentType'>;

/** Encrypts the sender data of a message (RFC 9420 §6.3.2). */
export function sealSenderData(
  suite: CipherSuite,
  senderDataSecret: Uint8Array,
  message: Header & { readonly ciphertext: Uint8Array; readonly senderData: SenderData },
): Uint8Array {
  const { key, nonce } = senderDataKey(suite, senderDataSecret, message.ciphertext);
  const aad = encode(SenderDataAAD, message);
  const sealed = suite.aead.seal(key, nonce, aad, encode(SenderData, message.senderData));
  wipe(key, nonce);
  return sealed;
}

/** Decrypts the sender data of a message. @throws CryptoError, CodecError */
export function openSenderData(
  suite: CipherSuite,
  senderDataSecret: Uint8Array,
  message: PrivateMessage,
): SenderData {
  const { key, nonce } = senderDataKey(suite, senderDataSecret, message.ciphertext);
  const aad = encode(SenderDataAAD, message);
  try {
    return decode(SenderData, suite.aead.open(key, nonce, aad, message.encryptedSenderData));
  } finally {
    wipe(key, nonce);
  }
}

/** Mixes the reuse guard into a nonce, in place (RFC 9420 §6.3.1). */
export function applyReuseGuard(nonce: Uint8Array, reuseGuard: Uint8Array): void {
  for (const [index, byte] of reuseGuard.entries()) nonce[index] = (nonce[index] ?? 0) ^ byte;
}
