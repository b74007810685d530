/**
 * GetReceiptKeys: serves the public keys that verify receipts.
 *
 * @module
 */
import type { delivery } from '@canopy/contract';
import type { Delivery } from '../delivery.ts';

/** Serves the keys of all receipts that were ever made, as a JSON Web Key Set. */
export async function getReceiptKeys({
  config,
  receipts,
}: Delivery): Promise<delivery.GetReceiptKeysResponse> {
  return { domain: config.domain, jwksJson: await receipts.jwksJson() };
}
