/**
 * What the floor of an operation consists of: primitives, the sizes of their inputs, and how often each is executed.
 *
 * The primitives do not take what others gave: what they cost depends on the sizes alone.
 *
 * @module
 */

/**
 * Where a public key comes from. `held`: a member has had it before the operation, and kept its key object.
 * `received`: it came as bytes with the operation, and is imported.
 */
export type KeyOrigin = 'held' | 'received';

/** One primitive. Sizes are in bytes. */
export type Step = { readonly times: number } & (
  | { readonly kind: 'hash'; readonly bytes: number }
  /** HMAC: one HKDF-Extract, or one block of HKDF-Expand (RFC 5869). */
  | { readonly kind: 'hmac'; readonly bytes: number }
  /** A fresh HPKE key pair with its raw public key. */
  | { readonly kind: 'generate-key-pair' }
  /** The raw public key of a raw private HPKE key. */
  | { readonly kind: 'derive-public-key' }
  /** The key object of a raw private HPKE key. */
  | { readonly kind: 'import-private-key' }
  | { readonly kind: 'encapsulate'; readonly key: KeyOrigin }
  | { readonly kind: 'decapsulate' }
  | { readonly kind: 'seal' | 'open'; readonly bytes: number; readonly aad: number }
  | { readonly kind: 'sign'; readonly bytes: number }
  /** Signatures of one signer, of so many bytes each; `times` counts the signers. */
  | { readonly kind: 'verify'; readonly key: KeyOrigin; readonly signed: readonly number[] }
);

/** Hashes. */
export function hash(bytes: number, times = 1): Step {
  return { kind: 'hash', bytes, times };
}

/** Computes an HMAC. */
export function hmac(bytes: number, times = 1): Step {
  return { kind: 'hmac', bytes, times };
}

/** Signs. */
export function sign(bytes: number): Step {
  return { kind: 'sign', bytes, times: 1 };
}

/** Verifies signatures of one signer whose key object is kept. */
export function verifyHeld(...signed: readonly number[]): Step {
  return { kind: 'verify', key: 'held', signed, times: 1 };
}

/** Verifies signatures of signers whose keys have just arrived. */
export function verifyReceived(signed: readonly number[], times = 1): Step {
  return { kind: 'verify', key: 'received', signed, times };
}
