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

/** SignContent and EncryptContext are alike: a label and bytes. They are given for one use. */
function useLabelled<R>(label: string, content: Uint8Array, use: (bytes: Uint8Array) => R): R {
  return Writer.lend((writer) => {
    writer.bytes(encodedLabel(label));
    writer.opaque(content);
    return use(writer.written);
  });
}

/** Signs content for one purpose (RFC 9420 §5.1.2). @throws CryptoError INVALID_PRIVATE_KEY */
export function signWithLabel(
  suite: CipherSuite,
  privateKey: Uint8Array,
  label: string,
  content: Uint8Array,
): Uint8Array {
  return useLabelled(label, content, (bytes) => suite.signature.sign(privateKey, bytes));
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
  const { publicKey, label, content, signature } = signed;
  return useLabelled(label, content, (bytes) => suite.signature.verify(publicKey, bytes, signature));
}

/** Does what `verifyWithLabel` does on the thread pool (RFC 9420 §5.1.2). */
export function verifyWithLabelAsync(suite: CipherSuite, signed: LabelledSignature): Promise<boolean> {
  const { publicKey, label, content, signature } = signed;
  // A copy: the pool reads it after this call.
  const bytes = useLabelled(label, content, (lent) => Uint8Array.from(lent));
  return suite.signature.verifyAsync(publicKey, bytes, signature);
}

/** What is encrypted, and for which purpose. */
export interface LabelledPlaintext {
  readonly label: string;
  readonly context: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** Encrypts to a public key. @throws CryptoError INVALID_PUBLIC_KEY */
export type Encrypt = (publicKey: Uint8Array, plaintext: Uint8Array) => HPKECiphertext;

/** Gives what encrypts for one purpose to many public keys; the context is hashed once (RFC 9420 §5.1.3). */
export function encryptorWithLabel(
  suite: CipherSuite,
  { label, context }: Pick<LabelledPlaintext, 'label' | 'context'>,
): Encrypt {
  const bound = useLabelled(label, context, (info) => suite.hpke.bind(info));
  return (publicKey, plaintext) => bound.seal(publicKey, EMPTY, plaintext);
}

/** Encrypts to a public key for one purpose (RFC 9420 §5.1.3). @throws CryptoError INVALID_PUBLIC_KEY */
export function encryptWithLabel(
  suite: CipherSuite,
  publicKey: Uint8Array,
  { plaintext, ...purpose }: LabelledPlaintext,
): HPKECiphertext {
  return encryptorWithLabel(suite, purpose)(publicKey, plaintext);
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
  const bound = useLabelled(label, context, (info) => suite.hpke.bind(info));
  return bound.open(privateKey, ciphertext, EMPTY);
}

/** KDFLabel (RFC 9420 §8), given for one use. */
function useKdfLabel<R>({ label, context, length }: LabelledExpansion, use: (info: Uint8Array) => R): R {
  return Writer.lend((writer) => {
    writer.uint(length, 2);
    writer.bytes(encodedLabel(label));
    writer.opaque(context);
    return use(writer.written);
  });
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
  expansion: LabelledExpansion,
): Uint8Array {
  const { length } = expansion;
  if (length > 0xffff) {
    throw new CryptoError('INVALID_LENGTH', `at most 65535 bytes expected, found ${length}`);
  }
  return useKdfLabel(expansion, (info) => suite.kdf.expand(secret, info, length));
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
