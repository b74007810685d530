/**
 * When a KeyPackage's leaf may be used (RFC 9420 §7.2).
 *
 * @module
 */

import { struct, uint64, type TypeOf } from '@canopy/codec';

/** Seconds since the Unix epoch, both ends included (RFC 9420 §7.2). */
export const Lifetime = struct({ notBefore: uint64, notAfter: uint64 });
/** Seconds since the Unix epoch, both ends included (RFC 9420 §7.2). */
export type Lifetime = TypeOf<typeof Lifetime>;

/** Says whether a time in seconds lies inside a lifetime. */
export function isWithinLifetime(lifetime: Lifetime, nowSeconds: bigint): boolean {
  return lifetime.notBefore <= nowSeconds && nowSeconds <= lifetime.notAfter;
}
