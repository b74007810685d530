/**
 * ListConsumptions: tells the calling device who got its KeyPackages.
 *
 * @module
 */
import { FieldError, type directory } from '@canopy/contract';
import type { Caller } from '@canopy/service';
import type { Consumption } from '@canopy/storage';
import type { Directory } from '../directory.ts';

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1_000;

/** Reads a page, the oldest first. */
export async function listConsumptions(
  { stores, clock, config }: Directory,
  request: directory.ListConsumptionsRequest,
  { device }: Caller,
): Promise<directory.ListConsumptionsResponse> {
  if (request.pageSize > LARGEST_PAGE) throw new FieldError('page_size', `must be at most ${LARGEST_PAGE}`);
  const pageSize = request.pageSize === 0 ? DEFAULT_PAGE : request.pageSize;
  const found = await stores.singleUseStock.consumptions({
    device,
    afterSequence: request.afterSequence,
    // One more than is shown says whether there are more.
    limit: pageSize + 1,
    notBeforeMs: clock.now() - config.consumptionAge,
  });
  const consumptions = found.slice(0, pageSize).map(toConsumption);
  return { consumptions, more: found.length > pageSize };
}

function toConsumption(consumption: Consumption): directory.Consumption {
  const { sequence, caller, atMs, ref, cipherSuite, lastResort } = consumption;
  return {
    sequence,
    claimedBy: caller,
    timeUnixMs: BigInt(atMs),
    keyPackageRef: ref,
    cipherSuite,
    lastResort,
  };
}
