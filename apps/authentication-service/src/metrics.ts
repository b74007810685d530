/**
 * What the authentication service counts besides what the kit counts of every service.
 *
 * @module
 */
import { processMetrics } from '@canopy/service';

const listFilled = processMetrics.gauge({
  name: 'canopy_revocation_list_filled',
  help: 'Length of the newest revocation list that this process signed, as a part of the longest one: 1 is full',
  labels: {},
});

const listFailures = processMetrics.counter({
  name: 'canopy_revocation_list_failures_total',
  help: 'Revocation lists that could not be signed: too much is revoked for one',
  labels: {},
});

/** Takes note of a list that was signed: how much of the longest one it is. */
export function noteListSigned(part: number): void {
  listFilled.set({}, part);
}

/** Takes note of a list that could not be signed. */
export function noteListNotSigned(): void {
  listFailures.add({});
}
