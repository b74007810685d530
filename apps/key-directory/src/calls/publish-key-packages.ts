/**
 * PublishKeyPackages: takes KeyPackages of the calling device into stock, each judged on its own.
 *
 * @module
 */
import { requireSize, type directory } from '@canopy/contract';
import type { Caller } from '@canopy/service';
import type { PutOutcome } from '@canopy/storage';
import type { Directory } from '../directory.ts';
import { revoked } from '../revocations.ts';
import { judgeKeyPackage, type GoodKeyPackage } from '../rules/judge-key-package.ts';
import { RefusedKeyPackage } from '../rules/refused-key-package.ts';

const BATCH = { minimum: 1, maximum: 100 };

type Upload = directory.KeyPackageUpload;

/** Judges a batch, one after the other, and stores what is good in the order in which it came. */
export async function publishKeyPackages(
  service: Directory,
  request: directory.PublishKeyPackagesRequest,
  caller: Caller,
): Promise<directory.PublishKeyPackagesResponse> {
  const uploads = requireSize(request.keyPackages, 'key_packages', BATCH);
  await service.publishLimit.admit(caller.device, uploads.length);
  const judged: Judged[] = [];
  for (const upload of uploads) judged.push({ upload, verdict: await judge(service, upload, caller) });
  const results = judged.map(async ({ upload, verdict }, index) => ({
    index,
    result:
      verdict instanceof RefusedKeyPackage
        ? verdict.toRejected()
        : await store(service, caller, { upload, good: verdict }),
  }));
  return { results: await Promise.all(results) };
}

interface Judged {
  readonly upload: Upload;
  readonly verdict: GoodKeyPackage | RefusedKeyPackage;
}

async function judge(
  { config, clock, identities }: Directory,
  { keyPackage }: Upload,
  { device }: Caller,
): Promise<GoodKeyPackage | RefusedKeyPackage> {
  try {
    return await judgeKeyPackage(keyPackage, {
      device,
      identities: identities.provider,
      nowMs: clock.now(),
      maxLifetimeMs: config.maxLifetime,
      maxBytes: config.maxKeyPackageBytes,
    });
  } catch (error) {
    if (error instanceof RefusedKeyPackage) return error;
    throw error;
  }
}

async function store(
  { stores, config, clock }: Directory,
  { device, user }: Caller,
  { upload, good }: { readonly upload: Upload; readonly good: GoodKeyPackage },
): Promise<directory.PublishResult['result']> {
  const { keyPackage, lastResort } = upload;
  const item = { ...good, device, user, keyPackage, lastResort, maxPerDevice: config.maxStock };
  const { outcome } = await stores.singleUseStock.put({ ...item, nowMs: clock.now() });
  const refusal = refusalOf(outcome);
  return refusal?.toRejected() ?? { $case: 'stored', value: { keyPackageRef: good.ref } };
}

function refusalOf(outcome: PutOutcome['outcome']): RefusedKeyPackage | undefined {
  switch (outcome) {
    case 'stored':
    case 'alreadyStored':
      return undefined;
    case 'alreadyConsumed':
      return new RefusedKeyPackage('ALREADY_CONSUMED');
    case 'full':
      return new RefusedKeyPackage('STOCK_FULL');
    case 'tooManyCapabilitySets':
      return new RefusedKeyPackage('TOO_MANY_CAPABILITIES', 'TOO_MANY_SETS');
    case 'revoked':
      // Another replica has the newer list.
      throw revoked();
  }
}
