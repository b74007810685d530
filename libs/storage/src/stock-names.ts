/**
 * What sets of capabilities and claims are called in every store.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { ClaimRequest, StockCapabilities } from './single-use-stock.ts';

/** Lists of code points in the order of `StockCapabilities`, each sorted and without repetitions. */
type Lists = readonly (readonly number[])[];

/** Writes capabilities in the one form that equal ones have. */
export function nameOfCapabilities(capabilities: StockCapabilities): string {
  return JSON.stringify(listsOf(capabilities));
}

/** Gives what a claim is recorded under: what differs in any part is another claim. */
export function nameOfClaim(request: ClaimRequest): Buffer {
  const { caller, requestId, cipherSuite, required } = request;
  const parts = [caller, Buffer.from(requestId).toString('hex'), cipherSuite, listsOf(required)];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}

function listsOf({ extensions, proposals, credentials }: StockCapabilities): Lists {
  return [extensions, proposals, credentials].map((list) =>
    Array.from(new Set(list)).toSorted((a, b) => a - b),
  );
}
