/**
 * Names of keys. The part in braces decides the cluster slot: what one atomic step touches has the same braces.
 *
 * @module
 */
import { createHash } from 'node:crypto';

/** Keys of the stock of one device, all in one slot. */
export interface StockKeys {
  readonly about: string;
  readonly singleUse: string;
  readonly keyPackages: string;
  readonly capabilitySets: string;
  readonly lastResorts: string;
  readonly consumed: string;
  readonly consumptions: string;
  /** The channel on which changes are told. */
  readonly changes: string;
}

/** Names the keys of a device's stock. */
export function stockKeys(device: string): StockKeys {
  const base = stockBase(device);
  return {
    about: `${base}:about`,
    singleUse: `${base}:single-use`,
    keyPackages: `${base}:key-packages`,
    capabilitySets: `${base}:capability-sets`,
    lastResorts: `${base}:last-resorts`,
    consumed: `${base}:consumed`,
    consumptions: `${base}:consumptions`,
    changes: `${base}:changes`,
  };
}

/** Names the key of the answer to a claim, in the slot of the device. */
export function claimKey(device: string, name: Buffer): string {
  return `${stockBase(device)}:claim:${name.toString('base64url')}`;
}

/** Names the key of the list of a user's devices. */
export function userDevicesKey(user: string): string {
  return `canopy:stock:{u:${inBraces(user)}}:devices`;
}

/** Names the key of a token bucket, in a slot of its own. */
export function rateLimitKey(bucket: string): string {
  // A hash: of bounded length, and it does not say who talks to whom.
  return `canopy:rate-limit:{${createHash('sha256').update(bucket).digest('base64url')}}`;
}

function stockBase(device: string): string {
  return `canopy:stock:{d:${inBraces(device)}}`;
}

/** A brace inside would end the part that decides the slot. */
function inBraces(name: string): string {
  return encodeURIComponent(name);
}
