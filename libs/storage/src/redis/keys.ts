/**
 * Names of keys. The part in braces decides the cluster slot: what one atomic step touches has the same braces.
 *
 * @module
 */
import { createHash } from 'node:crypto';

/** Keys of the stock of one device, all in one slot. */
export interface StockKeys {
  readonly user: string;
  readonly stock: string;
  readonly keyPackages: string;
  readonly lastResorts: string;
  readonly consumed: string;
}

/** Names the keys of a device's stock. */
export function stockKeys(device: string): StockKeys {
  const base = stockBase(device);
  return {
    user: `${base}:user`,
    stock: `${base}:stock`,
    keyPackages: `${base}:key-packages`,
    lastResorts: `${base}:last-resorts`,
    consumed: `${base}:consumed`,
  };
}

/** Names the key of the answer to a claim, in the slot of the device. */
export function claimKey(
  device: string,
  claim: { readonly caller: string; readonly requestId: Uint8Array; readonly cipherSuite: number },
): string {
  const { caller, requestId, cipherSuite } = claim;
  const name = JSON.stringify([caller, Buffer.from(requestId).toString('hex'), cipherSuite]);
  return `${stockBase(device)}:claim:${createHash('sha256').update(name).digest('base64url')}`;
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
