/**
 * WithdrawKeyPackages: takes KeyPackages of the calling device back.
 *
 * @module
 */
import { FieldError, type directory } from '@canopy/contract';
import type { Caller } from '@canopy/service';
import type { Directory } from '../directory.ts';

/** The longest public key of a signature scheme of the suites 1 to 7: an uncompressed point of P-521. */
const MAX_KEY_LENGTH = 133;

/** Withdraws all, or all but those under one signature key. */
export async function withdrawKeyPackages(
  { stores, clock }: Directory,
  { keepSignatureKey: signatureKey }: directory.WithdrawKeyPackagesRequest,
  { device }: Caller,
): Promise<directory.WithdrawKeyPackagesResponse> {
  if (signatureKey.length > MAX_KEY_LENGTH) {
    throw new FieldError('keep_signature_key', `must be at most ${MAX_KEY_LENGTH} bytes`);
  }
  const nowMs = clock.now();
  const withdrawn = await stores.singleUseStock.withdraw(
    signatureKey.length === 0
      ? { device, nowMs, which: 'all' }
      : { device, nowMs, which: 'notUnderKey', signatureKey },
  );
  return { withdrawn };
}
