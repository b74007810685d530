/**
 * Claims from the stock what can be believed: credentials end, and keys are revoked, after KeyPackages were published.
 *
 * @module
 */
import type { ClaimRequest, DeviceClaim } from '@canopy/storage';
import type { Directory } from './directory.ts';
import { isOver, judgeCredential } from './rules/judge-credential.ts';
import { readKeyPackage } from './rules/judge-key-package.ts';

/** A device has few signature keys: each round withdraws all that is under one of them. */
const ROUNDS = 8;

/**
 * Claims, and looks at every credential before it is handed out. What is under one that is over is withdrawn, and the
 * device is asked again.
 */
export async function claimBelievable(
  service: Directory,
  request: ClaimRequest,
): Promise<readonly DeviceClaim[]> {
  const answers = new Map<string, DeviceClaim>();
  let devices = request.devices;
  for (let round = 0; round < ROUNDS && devices.length > 0; round += 1) {
    const claims = await service.stores.singleUseStock.claim({ ...request, devices });
    for (const claim of claims) answers.set(claim.device, claim);
    const asked = await Promise.all(claims.map((claim) => withdrawIfOver(service, claim)));
    devices = claims.filter((_, index) => asked[index] === true).map(({ device }) => device);
  }
  for (const device of devices) answers.set(device, { device, outcome: 'nothing', reason: 'exhausted' });
  return [...answers.values()];
}

async function withdrawIfOver(
  { stores, identities, clock }: Directory,
  claim: DeviceClaim,
): Promise<boolean> {
  if (claim.outcome === 'nothing') return false;
  const { leafNode } = readKeyPackage(claim.keyPackage);
  if (!isOver(await judgeCredential(identities.provider, leafNode), leafNode, clock.now())) return false;
  const { device } = claim;
  const { signatureKey } = leafNode;
  await stores.singleUseStock.withdraw({ device, which: 'underKey', signatureKey, nowMs: clock.now() });
  return true;
}
