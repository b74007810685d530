/**
 * The few points of the curve of Ed25519 that no honest signer uses (RFC 8032 §5.1).
 *
 * @module
 */

// y of the points of order 4, 1, 2 and 8, little-endian; the first two also with p added. The sign of x is the top bit.
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((text) => new Uint8Array(Buffer.from(text, 'hex')));

const LAST = 31;

/** Tells whether an encoded point (32 bytes; more are not looked at) has small order, in whatever encoding. */
export function hasSmallOrder(point: Uint8Array): boolean {
  return SMALL_ORDER.some((y) => {
    for (let at = 0; at < LAST; at++) if (point[at] !== y[at]) return false;
    return ((point[LAST] ?? 0) & 0x7f) === y[LAST];
  });
}
