/**
 * The key types of the cipher suites: sizes, names, and which byte strings are no keys (RFC 9420 §5.1.1).
 *
 * @module
 */

/** A type of key pair. */
export interface KeyAlgorithm {
  readonly type: 'x25519' | 'x448' | 'ed25519' | 'ed448' | 'ec';
  readonly publicKeySize: number;
  readonly privateKeySize: number;
  /** For elliptic curves over prime fields: the curve, and the order that private keys stay below. */
  readonly curve?: NistCurve;
  /** Public keys with which every key agreement gives zero, as hexadecimal text. */
  readonly weakKeys?: ReadonlySet<string>;
  /** The bit at the top of a public key that has no meaning (RFC 7748 §5). */
  readonly ignoresTopBit?: boolean;
}

/** One of the curves P-256, P-384, P-521. */
export interface NistCurve {
  readonly name: 'P-256' | 'P-384' | 'P-521';
  readonly opensslName: string;
  readonly order: Uint8Array;
  /** What of the first byte of a random candidate for a private key is kept (RFC 9180 §7.1.3). */
  readonly bitmask: number;
}

function littleEndian(value: bigint, size: number): string {
  const hex = value.toString(16).padStart(2 * size, '0');
  return Buffer.from(Buffer.from(hex, 'hex').toReversed()).toString('hex');
}

const P25519 = 2n ** 255n - 19n;
const P448 = 2n ** 448n - 2n ** 224n - 1n;

// The points of order 8 on the curve and its twist; the others are of order 1, 2 and 4, in every encoding.
const ORDER_8 = [
  0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
  0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
];
const WEAK_25519 = [0n, 1n, P25519 - 1n, P25519, P25519 + 1n, ...ORDER_8];
const WEAK_448 = [0n, 1n, P448 - 1n, P448, P448 + 1n];

const OPENSSL_NAMES = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' } as const;

function nist(name: NistCurve['name'], size: number, bitmask: number, order: string): KeyAlgorithm {
  return {
    type: 'ec',
    publicKeySize: 2 * size + 1,
    privateKeySize: size,
    curve: {
      name,
      opensslName: OPENSSL_NAMES[name],
      bitmask,
      order: new Uint8Array(Buffer.from(order.padStart(2 * size, '0'), 'hex')),
    },
  };
}

/** Key agreement on Curve25519 (RFC 7748). */
export const X25519: KeyAlgorithm = {
  type: 'x25519',
  publicKeySize: 32,
  privateKeySize: 32,
  weakKeys: new Set(WEAK_25519.map((value) => littleEndian(value, 32))),
  ignoresTopBit: true,
};

/** Key agreement on Curve448 (RFC 7748). */
export const X448: KeyAlgorithm = {
  type: 'x448',
  publicKeySize: 56,
  privateKeySize: 56,
  weakKeys: new Set(WEAK_448.map((value) => littleEndian(value, 56))),
};

/** Signatures on Curve25519 (RFC 8032). */
export const Ed25519: KeyAlgorithm = { type: 'ed25519', publicKeySize: 32, privateKeySize: 32 };

/** Signatures on Curve448 (RFC 8032). */
export const Ed448: KeyAlgorithm = { type: 'ed448', publicKeySize: 57, privateKeySize: 57 };

/** The curve P-256, for key agreement and for signatures. */
export const P256: KeyAlgorithm = nist(
  'P-256',
  32,
  0xff,
  'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
);

/** The curve P-384, for key agreement and for signatures. */
export const P384: KeyAlgorithm = nist(
  'P-384',
  48,
  0xff,
  'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
);

/** The curve P-521, for key agreement and for signatures. */
export const P521: KeyAlgorithm = nist(
  'P-521',
  66,
  0x01,
  '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
);
