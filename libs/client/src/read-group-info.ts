/**
 * Reads what an external Commit is made from, and looks at it before it is used (RFC 9420 §12.4.3.2).
 *
 * @module
 */
import { callUnary, delivery } from '@canopy/contract';
import { equal } from '@canopy/crypto';
import { decodeMessage, ExtensionType, WireFormat, type GroupInfo, type RatchetTree } from '@canopy/mls';
import { ClientError } from './errors.ts';
import { fetchTree } from './fetch-tree.ts';
import { untilAnswered } from './service-calls.ts';
import type { Surroundings } from './surroundings.ts';

/** A GroupInfo with the tree that travels apart, if it does. */
export interface FoundGroupInfo {
  readonly groupInfo: GroupInfo;
  readonly ratchetTree: RatchetTree | undefined;
}

/** Makes what goes with the query anew for every call, since a proof has a time. */
export type ShowLeave = (query: Uint8Array) => Omit<delivery.GetGroupInfoRequest, 'query'>;

/** Reads the GroupInfo of a group's current epoch, with its tree. @throws {ClientError} GROUP_INFO_REFUSED, TREE_REFUSED, SERVICE_REFUSED, CLOSED */
export async function readGroupInfo(
  groupId: Uint8Array,
  showLeave: ShowLeave,
  around: Surroundings,
): Promise<FoundGroupInfo> {
  const { tokens, stubs, signal, suite, device } = around;
  const query = delivery.GroupQuery.encode({ groupId, afterSequence: 0n, limit: 0, device }).finish();
  const found = await untilAnswered(signal, () =>
    tokens.call('delivery', (metadata) =>
      callUnary(stubs.delivery, 'getGroupInfo', { query, ...showLeave(query) }, { metadata, signal }),
    ),
  );
  const message = decodeMessage(found.groupInfo);
  if (message.wireFormat !== WireFormat.groupInfo) throw refusedGroupInfo('NOT_A_GROUP_INFO');
  const { groupInfo } = message;
  const { groupContext } = groupInfo;
  if (!equal(groupContext.groupId, groupId)) throw refusedGroupInfo('WRONG_GROUP');
  if (groupContext.epoch !== found.epoch) throw refusedGroupInfo('WRONG_EPOCH');
  if (groupContext.cipherSuite !== suite.id) throw refusedGroupInfo('WRONG_SUITE');
  return { groupInfo, ratchetTree: await treeBeside(groupInfo, found, around) };
}

async function treeBeside(
  { groupContext, extensions }: GroupInfo,
  { tree }: delivery.GetGroupInfoResponse,
  around: Surroundings,
): Promise<RatchetTree | undefined> {
  if (extensions.some(({ extensionType }) => extensionType === ExtensionType.ratchetTree)) return undefined;
  if (tree === undefined) throw refusedGroupInfo('NO_TREE');
  return fetchTree({ groupId: groupContext.groupId, tree }, around);
}

/** Makes the error for a GroupInfo that is not to be followed. */
export function refusedGroupInfo(reason: string): ClientError {
  return new ClientError('GROUP_INFO_REFUSED', `the GroupInfo is refused: ${reason}`, { reason });
}
