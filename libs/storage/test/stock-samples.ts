/**
 * Stock to put, and claims to make.
 *
 * @module
 */
import type { ClaimRequest, NewStock, StockCapabilities } from '../src/index.ts';
import { named } from './bench.ts';

/** When the stories of stocks take place. */
export const NOW = 1_800_000_000_000;
export const DAY = 86_400_000;
export const device = 'mimi://example.com/d/bob/1';
export const user = 'mimi://example.com/u/bob';

/** Capabilities of somebody who supports nothing but some extensions. */
export function extensions(...list: readonly number[]): StockCapabilities {
  return { extensions: list, proposals: [], credentials: [] };
}

/** Stock of bob's device, good for a day. */
export function item(name: string, more: Partial<NewStock> = {}): NewStock {
  return {
    device,
    user,
    cipherSuite: 1,
    capabilities: extensions(),
    signatureKey: named('key'),
    ref: named(`ref ${name}`),
    keyPackage: named(name),
    lastResort: false,
    notAfterMs: NOW + DAY,
    maxPerDevice: 100,
    nowMs: NOW,
    ...more,
  };
}

const remember = { maxEntries: 100, maxAgeMs: 30 * DAY };

/** A claim by alice for bob's device, which requires nothing. */
export function request(name: string, more: Partial<ClaimRequest> = {}): ClaimRequest {
  const claim = { requestId: named(name), caller: 'alice', devices: [device], cipherSuite: 1, nowMs: NOW };
  return { ...claim, required: extensions(), remember, ...more };
}
