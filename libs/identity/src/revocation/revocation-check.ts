/**
 * Decides whether there is a revocation list to go by (RFC 9420 §5.3.1).
 *
 * @module
 */
import { Refused } from '../x509/refusal.ts';
import type { RevocationList } from './revocation-list.ts';
import type { RevocationSource } from './revocation-lists.ts';

/** What becomes of a list whose next update is overdue: it counts no longer, or for some time more. */
export type StaleListPolicy = 'refuse' | { readonly acceptForSeconds: bigint };

/** How revocation is checked. */
export interface RevocationOptions {
  readonly source: RevocationSource;
  readonly stale: StaleListPolicy;
}

/** Why nobody can be believed at the moment. */
export type RevocationRefusal = 'REVOCATION_LIST_MISSING' | 'REVOCATION_LIST_STALE';

/** Gives the list that counts now. @throws Refused REVOCATION_LIST_MISSING, REVOCATION_LIST_STALE */
export async function requireCurrentList(
  { source, stale }: RevocationOptions,
  now: bigint,
): Promise<RevocationList> {
  const list = await source.current();
  if (list === undefined) throw new Refused<RevocationRefusal>('REVOCATION_LIST_MISSING');
  const grace = stale === 'refuse' ? 0n : stale.acceptForSeconds;
  if (now >= list.nextUpdate + grace) throw new Refused<RevocationRefusal>('REVOCATION_LIST_STALE');
  return list;
}
