/**
 * Reads what is missing of a group's log, epoch by epoch.
 *
 * @module
 */
import { callUnary, delivery } from '@canopy/contract';
import { ClientError } from './errors.ts';
import { proveMembership } from './group-proof.ts';
import { LOG_TRUNCATED } from './faults.ts';
import type { Replica } from './replica.ts';
import { untilAnswered } from './service-calls.ts';
import type { Surroundings } from './surroundings.ts';

/** Reads and processes everything that is in the log now. @throws {ClientError} CLOSED, SERVICE_REFUSED */
export async function catchUp(replica: Replica, around: Surroundings): Promise<void> {
  while (replica.status !== 'ended' && replica.fault === undefined) {
    const { cursor, group } = replica;
    const { epoch } = group;
    const { entries, end, firstKeptSequence } = await readPage(replica, around);
    if (firstKeptSequence > cursor + 1n) return replica.fail(LOG_TRUNCATED);
    if ((await replica.receive(entries)) === 'gap')
      throw new ClientError('INVALID_RESPONSE', 'the page has holes');
    // A proof opens an epoch's entries up to the commit that ends it: the next epoch shows whether there is more.
    if (end && replica.group.epoch === epoch) return;
    if (!end && replica.cursor === cursor) {
      throw new ClientError('INVALID_RESPONSE', 'the log has more, but shows nothing');
    }
  }
}

function readPage(
  replica: Replica,
  { tokens, stubs, signal, nowMs, device }: Surroundings,
): Promise<delivery.ReadGroupResponse> {
  return untilAnswered(signal, () => {
    const { group, cursor: afterSequence } = replica;
    const { groupId } = group;
    const query = delivery.GroupQuery.encode({ groupId, afterSequence, limit: 0, device }).finish();
    const proof = proveMembership(group, 'ReadGroup', query, nowMs());
    return tokens.call('delivery', (metadata) =>
      callUnary(stubs.delivery, 'readGroup', { query, proof }, { metadata, signal }),
    );
  });
}
