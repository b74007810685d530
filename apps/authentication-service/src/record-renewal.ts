/**
 * Records that a device gets credentials of the key that it has: they are in the audit log before they are issued.
 *
 * @module
 */
import type { EnrolledDevice } from '@canopy/storage';
import { describeCredentials, type WantedCredentials } from './credentials.ts';
import type { Parts } from './parts.ts';
import { auditEntry, keyHash } from './rules/audit-entry.ts';
import { keptUntilMs } from './rules/lifetimes.ts';

/**
 * Appends to the audit log and gives the device; undefined when it was revoked, or got another key, since it was looked at.
 *
 * @throws {ServiceError} RESOURCE_EXHAUSTED when it asks too often
 */
export async function recordRenewal(
  { device, signaturePublicKey: currentKey }: EnrolledDevice,
  wanted: WantedCredentials,
  { registry, limits, clock, config }: Parts,
): Promise<EnrolledDevice | undefined> {
  await limits.admitIssuance(device);
  const atMs = clock.now();
  const about = { device, keyHash: keyHash(currentKey), ...describeCredentials(wanted), atMs };
  const audit = auditEntry({ event: 'credential-renewed', ...about });
  const issuance = { device, currentKey, keepUntilMs: keptUntilMs(atMs, config), audit };
  const recorded = await registry.recordIssuance(issuance);
  return recorded.outcome === 'recorded' ? recorded.device : undefined;
}
