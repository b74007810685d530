/**
 * The labelled functions: signing, public key encryption and key derivation, each for one purpose only
 * (RFC 9420 §5.1.2, §5.1.3, §8, §9). The only place that writes "MLS 1.0 ".
 *
 * @module
 */

import { Writer } from '@canopy/codec';

import { utf8 } from './bytes.ts';
import type { CipherSuite } from './cipher-suite.ts';
import { CryptoError } from './errors.ts';
import type { HPKECiphertext } from './hpke/index.ts';

const EMPTY = new Uint8Array(0);

// Applications choose labels for the exporter, so what is kept is bounded.
const KEPT_LABELS = 256;
const labels = new Map<string, Uint8Array>();

/** Gives `opaque label<V> = "MLS 1.0 " + label` with its length header. */
function encodedLabel(label: string): Uint8Array {
  const kept = labels.get(label);
  if (kept !== undefined) return kept;
  const writer = new Writer();
  writer.opaque(utf8(`MLS 1.0 ${label}`));
  const bytes = writer.finish();
  if (labels.size < KEPT_LABELS) labels.set(label, bytes);
  return bytes;
}

/** SignContent and EncryptContext are alike: a label and bytes. */
function labelled(label: string, content: Uint8Array): Uint8Array {
  const name = encodedLabel(label);
  const writer = new Writer(name.length + content.length + 4);
  writer.bytes(name);
  writer.opaque(content);
  return writer.finish();
}

/** Signs content for one purpose (RFC 9420 §5.1.2). @throws CryptoError INVALID_PRIVATE_KEY */
export function signWithLabel(
  suite: CipherSuite,
  privateKey: Uint8Array,
  label: string,
  content: Uint8Array,
): Uint8Array {
  return suite.signature.sign(privateKey, labelled(label, content));
}

/** A signature and what it is said to belong to. */
export interface LabelledSignature {
  readonly publicKey: Uint8Array;
  readonly label: string;
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

/** Tells whether a signature was made over this content for this purpose (RFC 9420 §5.1.2). @throws CryptoError INVALID_PUBLIC_KEY */
export function verifyWithLabel(suite: CipherSuite, signed: LabelledSignature): boolean {
  return suite.signature.verify(signed.publicKey, labelled(signed.label, signed.content), signed.signature);
}

/** Does what `verifyWithLabel` does on the thread pool (RFC 9420 §5.1.2). */
export function verifyWithLabelAsync(suite: CipherSuite, signed: LabelledSignature): Promise<boolean> {
  return suite.signature.verifyAsync(
    signed.publicKey,
    labelled(signed.label, signed.content),
    signed.signature,
  );
}

/** What is encrypted, and for which purpose. */
export interface LabelledPlaintext {
  readonly label: string;
  readonly context: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** Encrypts to a public key for one purpose (RFC 9420 §5.1.3). @throws CryptoError INVALID_PUBLIC_KEY */
export function encryptWithLabel(
  suite: CipherSuite,
  publicKey: Uint8Array,
  { label, context, plaintext }: LabelledPlaintext,
): HPKECiphertext {
  return suite.hpke.seal(publicKey, labelled(label, context), EMPTY, plaintext);
}

/** A ciphertext, and the purpose it was made for. */
export interface LabelledCiphertext {
  readonly label: string;
  readonly context: Uint8Array;
  readonly ciphertext: HPKECiphertext;
}

/** Decrypts what was encrypted for one purpose (RFC 9420 §5.1.3). @throws CryptoError DECRYPTION_FAILED, INVALID_PRIVATE_KEY */
export function decryptWithLabel(
  suite: CipherSuite,
  privateKey: Uint8Array,
  { label, context, ciphertext }: LabelledCiphertext,
): Uint8Array {
  return suite.hpke.open(privateKey, ciphertext, labelled(label, context), EMPTY);
}

const SHORT_CONTEXT = 0x40;

/** KDFLabel; written by hand where the context is as short as it is for most secrets. */
function kdfLabel(label: string, context: Uint8Array, length: number): Uint8Array {
  const name = encodedLabel(label);
  if (context.length >= SHORT_CONTEXT) {
    const writer = new Writer(name.length + context.length + 6);
    writer.uint(length, 2);
    writer.bytes(name);
    writer.opaque(context);
    return writer.finish();
  }
  const bytes = new Uint8Array(name.length + context.length + 3);
  bytes[0] = length >>> 8;
  bytes[1] = length;
  bytes.set(name, 2);
  bytes[name.length + 2] = context.length;
  bytes.set(context, name.length + 3);
  return bytes;
}

/** The purpose and size of derived key material. */
export interface LabelledExpansion {
  readonly label: string;
  readonly context: Uint8Array;
  readonly length: number;
}

/** Derives key material for one purpose (RFC 9420 §8). @throws CryptoError INVALID_LENGTH */
export function expandWithLabel(
  suite: CipherSuite,
  secret: Uint8Array,
  { label, context, length }: LabelledExpansion,
): Uint8Array {
  if (length > 0xffff) {
    throw new CryptoError('INVALID_LENGTH', `at most 65535 bytes expected, found ${length}`);
  }
  return suite.kdf.expand(secret, kdfLabel(label, context, length), length);
}

/** Derives one secret from another (RFC 9420 §8). */
export function deriveSecret(suite: CipherSuite, secret: Uint8Array, label: string): Uint8Array {
  return expandWithLabel(suite, secret, { label, context: EMPTY, length: suite.kdf.size });
}

/** The purpose, generation and size of a secret of the secret tree. */
export interface TreeSecretExpansion {
  readonly label: string;
  readonly generation: number;
  readonly length: number;
}

/** Derives key material of the secret tree (RFC 9420 §9). */
export function deriveTreeSecret(
  suite: CipherSuite,
  secret: Uint8Array,
  { label, generation, length }: TreeSecretExpansion,
): Uint8Array {
  const context = Uint8Array.of(generation >>> 24, generation >>> 16, generation >>> 8, generation);
  return expandWithLabel(suite, secret, { label, context, length });
}
