/**
 * What the key directory counts besides what the kit counts of every service.
 *
 * @module
 */
import { processMetrics } from '@canopy/service';
import type { StockCount } from '@canopy/storage';

const stockLeft = processMetrics.histogram({
  name: 'canopy_key_package_stock',
  help: 'Single-use KeyPackages of one suite that a device had when it looked at its stock',
  labels: {},
  bounds: [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
});

/** Takes note of what a device has, whenever it looks at its stock. */
export function noteStock(counts: readonly StockCount[]): void {
  for (const { singleUse } of counts) stockLeft.observe({}, singleUse);
}
