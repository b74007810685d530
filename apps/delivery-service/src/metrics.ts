/**
 * What the delivery service counts besides what the kit counts of every service.
 *
 * @module
 */
import { processMetrics } from '@canopy/service';

/** How far streams are behind the logs that they follow, whenever they say a page of one. */
export const streamLag = processMetrics.histogram({
  name: 'canopy_stream_lag_entries',
  help: 'Entries that the log had after the place of a stream when a page for this place was read',
  labels: {},
  bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000],
});
