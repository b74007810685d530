/**
 * CountKeyPackages: counts what is left of the calling device's stock.
 *
 * @module
 */
import type { directory } from '@canopy/contract';
import type { Caller } from '@canopy/service';
import type { Directory } from '../directory.ts';
import { noteStock } from '../metrics.ts';

/** Counts per suite; suites with nothing are left out. */
export async function countKeyPackages(
  { stores, clock }: Directory,
  { device }: Caller,
): Promise<directory.CountKeyPackagesResponse> {
  const counts = await stores.singleUseStock.count(device, clock.now());
  noteStock(counts);
  return { counts: [...counts] };
}
