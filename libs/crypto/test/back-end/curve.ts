import { createHash } from 'node:crypto';

import { hex, toHex } from '../seeded.ts';

/** The curve of Ed25519 by its formulas, slow and plain (RFC 8032 §5.1), for signatures that no library would make. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** The prime of the field. */
export const P = 2n ** 255n - 19n;
/** The order of the base point. */
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;

function mod(value: bigint, modulus = P): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

function inverse(value: bigint): bigint {
  return power(value, P - 2n);
}

const D = mod(-121665n * inverse(121666n));
const SQRT_MINUS_1 = power(2n, (P - 1n) / 4n);

/** Adds two points. */
export function add(a: Point, b: Point): Point {
  const k = mod(D * mod(a.x * b.x) * mod(a.y * b.y));
  return {
    x: mod((a.x * b.y + a.y * b.x) * inverse(1n + k)),
    y: mod((a.y * b.y + a.x * b.x) * inverse(1n - k)),
  };
}

/** Adds a point to itself so many times. */
export function multiply(point: Point, times: bigint): Point {
  let [result, doubled]: [Point, Point] = [{ x: 0n, y: 1n }, point];
  for (let rest = times; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(result, doubled);
    doubled = add(doubled, doubled);
  }
  return result;
}

/** Finds a point with this y. */
function withY(y: bigint): Point | undefined {
  const [u, v] = [mod(y * y - 1n), mod(D * y * y + 1n)];
  const x = mod(u * inverse(v));
  const root = power(x, (P + 3n) / 8n);
  const found = [root, mod(root * SQRT_MINUS_1)].find((each) => mod(each * each) === x);
  return found === undefined ? undefined : { x: found, y };
}

function require(point: Point | undefined): Point {
  if (point === undefined) throw new Error('no such point');
  return point;
}

const base = require(withY(mod(4n * inverse(5n))));
/** The base point: of the two with its y, the one with the even x. */
export const BASE: Point = base.x & 1n ? { x: P - base.x, y: base.y } : base;

/** The eight points whose order divides eight. */
export const TORSION: readonly Point[] = torsion();

function torsion(): readonly Point[] {
  for (let y = 2n; ; y++) {
    const point = withY(y);
    const generator = point && multiply(point, L);
    // Only a generator is not back at the start after half of the way.
    if (generator === undefined || multiply(generator, 4n).y === 1n) continue;
    return Array.from({ length: 8 }, (_, times) => multiply(generator, BigInt(times)));
  }
}

/** Writes a number as 32 bytes, little-endian. */
export function toBytes(value: bigint): Uint8Array {
  return hex(value.toString(16).padStart(64, '0')).toReversed();
}

/** Reads a number, little-endian. */
export function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.toReversed())}`);
}

/** Writes a point. */
export function encode({ x, y }: Point): Uint8Array {
  return toBytes(y | ((x & 1n) << 255n));
}

/** The number that a signature over data depends on. */
export function challenge(r: Uint8Array, publicKey: Uint8Array, data: Uint8Array): bigint {
  return mod(toNumber(createHash('sha512').update(r).update(publicKey).update(data).digest()), L);
}
