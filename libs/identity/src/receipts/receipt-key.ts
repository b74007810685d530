/**
 * Keys that sign receipts (RFC 7517, RFC 8037).
 *
 * @module
 */
import { getCipherSuite } from '@canopy/crypto';
import { IdentityError } from '../errors.ts';

/** An Ed25519 key that signs receipts, by its name. */
export interface ReceiptSigner {
  readonly kid: string;
  /** Must not be logged. */
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** A key as it is kept. */
export interface StoredReceiptKey {
  readonly kid: string;
  /** Must not be logged. */
  readonly privateJwk: string;
}

const { hash, signature } = getCipherSuite(1);

/** Makes a key; its name is a hash of its public key. */
export function createReceiptKey(): StoredReceiptKey {
  const { privateKey, publicKey } = signature.generateKeyPair();
  const kid = toText(hash.digest(publicKey).subarray(0, 16));
  const privateJwk = JSON.stringify({
    kty: 'OKP',
    crv: 'Ed25519',
    x: toText(publicKey),
    d: toText(privateKey),
  });
  return { kid, privateJwk };
}

/** Opens a key that was kept. @throws IdentityError INVALID_KEY_SET */
export function openReceiptKey({ kid, privateJwk }: StoredReceiptKey): ReceiptSigner {
  const jwk = readJwk(privateJwk);
  try {
    const privateKey = new Uint8Array(Buffer.from(jwk.d, 'base64url'));
    return { kid, privateKey, publicKey: signature.publicKeyOf(privateKey) };
  } catch (cause) {
    throw invalidKey(cause);
  }
}

/** Makes the JSON Web Key Set that verifies the receipts of some keys. */
export function receiptJwks(keys: readonly Pick<ReceiptSigner, 'kid' | 'publicKey'>[]): string {
  const jwks = keys.map(({ kid, publicKey }) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    x: toText(publicKey),
    kid,
    use: 'sig',
    alg: 'EdDSA',
  }));
  return JSON.stringify({ keys: jwks });
}

function readJwk(json: string): { readonly d: string } {
  try {
    const jwk: unknown = JSON.parse(json);
    if (typeof jwk === 'object' && jwk !== null && 'd' in jwk && typeof jwk.d === 'string')
      return { d: jwk.d };
  } catch (cause) {
    throw invalidKey(cause);
  }
  throw invalidKey();
}

/** Without what was read: it may be half of a private key. */
function invalidKey(cause?: unknown): IdentityError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'MALFORMED';
  return new IdentityError('INVALID_KEY_SET', `a private Ed25519 key expected (${code})`);
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
