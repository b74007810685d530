/**
 * PublishKeyPackages: takes KeyPackages of the calling device into stock, each judged on its own.
 *
 * @module
 */
import { requireSize, type directory } from '@canopy/contract';
import type { Caller } from '@canopy/service';
import type { PutOutcome } from '@canopy/storage';
import type { Directory } from '../directory.ts';
import { judgeKeyPackage } from '../rules/judge-key-package.ts';
import { revoked } from '../revocations.ts';
import { RefusedKeyPackage } from '../rules/refused-key-package.ts';

const BATCH = { minimum: 1, maximum: 100 };

/** Judges and stores a batch, one after the other. */
export async function publishKeyPackages(
  service: Directory,
  request: directory.PublishKeyPackagesRequest,
  caller: Caller,
): Promise<directory.PublishKeyPackagesResponse> {
  const uploads = requireSize(request.keyPackages, 'key_packages', BATCH);
  service.revocations.requireCurrent();
  const results: directory.PublishResult[] = [];
  for (const [index, upload] of uploads.entries()) {
    results.push({ index, result: await resultOf(service, upload, caller) });
  }
  return { results };
}

async function resultOf(
  service: Directory,
  upload: directory.KeyPackageUpload,
  caller: Caller,
): Promise<directory.PublishResult['result']> {
  try {
    return { $case: 'stored', value: { keyPackageRef: await store(service, upload, caller) } };
  } catch (error) {
    if (error instanceof RefusedKeyPackage) return error.toRejected();
    throw error;
  }
}

async function store(
  { stores, config, clock, identities }: Directory,
  { keyPackage, lastResort }: directory.KeyPackageUpload,
  { device, user }: Caller,
): Promise<Uint8Array> {
  const nowMs = clock.now();
  const good = await judgeKeyPackage(keyPackage, {
    device,
    identities,
    nowMs,
    maxLifetimeMs: config.maxLifetime,
    maxBytes: config.maxKeyPackageBytes,
  });
  const stock = { ...good, device, user, keyPackage, lastResort, maxPerDevice: config.maxStock, nowMs };
  requireStored(await stores.singleUseStock.put(stock));
  return good.ref;
}

function requireStored({ outcome }: PutOutcome): void {
  switch (outcome) {
    case 'stored':
    case 'alreadyStored':
      return;
    case 'alreadyConsumed':
      throw new RefusedKeyPackage('ALREADY_CONSUMED');
    case 'full':
      throw new RefusedKeyPackage('STOCK_FULL');
    case 'tooManyCapabilitySets':
      throw new RefusedKeyPackage('TOO_MANY_CAPABILITIES', 'TOO_MANY_SETS');
    case 'revoked':
      // Another replica has the newer list.
      throw revoked();
  }
}
