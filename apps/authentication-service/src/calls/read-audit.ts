/**
 * ReadAudit: a part of the audit log, for the administrator.
 *
 * @module
 */
import type { authentication } from '@canopy/contract';
import type { UnaryHandler } from '@canopy/service';
import { requirePageSize } from '../device-pages.ts';
import type { Parts } from '../parts.ts';

type Handler = UnaryHandler<authentication.ReadAuditRequest, authentication.ReadAuditResponse, undefined>;

/** Makes the handler of ReadAudit. */
export function readAudit({ registry }: Parts): Handler {
  return async ({ afterSequence, limit }) => {
    const records = await registry.readAudit(afterSequence, requirePageSize(limit, 'limit'));
    return { records: [...records] };
  };
}
