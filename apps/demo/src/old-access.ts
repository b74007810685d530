/**
 * What somebody who was removed still holds, used against the delivery service: the access key of the last epoch
 * that it was a member of, and a valid access token.
 *
 * @module
 */

import type { Metadata } from '@grpc/grpc-js';
import type { Client, Conversation } from '@canopy/client';
import { callUnary, connect, delivery, readServiceError } from '@canopy/contract';
import { deriveAccessKeyPair, epochAccessExport, hashBody, signEpochAccessProof } from '@canopy/identity';
import type { Fields } from './protocol.ts';

/** The keys of an epoch, kept on purpose beyond its end. */
export interface OldAccess {
  readonly service: delivery.DeliveryServiceClient;
  readonly metadata: Metadata;
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly privateKey: Uint8Array;
}

/** Takes what a member could copy before it is removed. */
export async function keepAccess(
  client: Client,
  conversation: Conversation,
  address: string,
): Promise<OldAccess> {
  const groupId = Uint8Array.from(Buffer.from(conversation.id, 'hex'));
  const { privateKey } = deriveAccessKeyPair(conversation.exportSecret(epochAccessExport(groupId)));
  return {
    service: connect(delivery.DeliveryServiceClient, { address }),
    metadata: await client.authorize('delivery'),
    groupId,
    epoch: conversation.epoch,
    privateKey,
  };
}

function prove(
  { groupId, epoch, privateKey }: OldAccess,
  method: string,
  body: Uint8Array,
): delivery.EpochProof {
  const timeUnixMs = BigInt(Date.now());
  const proof = { method, groupId, epoch, timeUnixMs, bodyHash: hashBody(body) };
  return { epoch, timeUnixMs, signature: signEpochAccessProof(privateKey, proof) };
}

/**
 * Reads and writes with the old keys and tells what came of it: the newest entry that opened, and the answers to a
 * well-formed message, offered to the old epoch and to the one after it.
 */
export async function tryOldAccess(access: OldAccess): Promise<Fields> {
  const entries = await readAll(access);
  const newest = entries.at(-1);
  const { APPLICATION } = delivery.LogEntryKind;
  const message = entries.findLast(({ kind, epoch }) => kind === APPLICATION && epoch === access.epoch);
  if (message === undefined) throw new Error('the last epoch has no message to send again');
  const fields = {
    newestEpoch: String(newest?.epoch ?? -1n),
    newestKind: newest?.kind ?? 'none',
    writeOld: await write(access, message.mlsMessage, access.epoch),
    writeNew: await write(access, message.mlsMessage, access.epoch + 1n),
  };
  access.service.close();
  return fields;
}

async function readAll(access: OldAccess): Promise<readonly delivery.LogEntry[]> {
  const entries: delivery.LogEntry[] = [];
  for (;;) {
    const afterSequence = entries.at(-1)?.sequence ?? 0n;
    const query = delivery.GroupQuery.encode({
      groupId: access.groupId,
      afterSequence,
      limit: 0,
      device: '',
    }).finish();
    const request = { query, proof: prove(access, 'ReadGroup', query) };
    const page = await callUnary(access.service, 'readGroup', request, {
      metadata: access.metadata,
    });
    entries.push(...page.entries);
    if (page.end || page.entries.length === 0) return entries;
  }
}

async function write(access: OldAccess, mlsMessage: Uint8Array, epoch: bigint): Promise<string> {
  const requestId = crypto.getRandomValues(new Uint8Array(16));
  const message = delivery.GroupMessage.encode({
    groupId: access.groupId,
    epoch,
    requestId,
    mlsMessage,
    knownSequence: 0n,
  }).finish();
  const request = { message, proof: prove({ ...access, epoch }, 'SendMessage', message) };
  try {
    const { result } = await callUnary(access.service, 'sendMessage', request, { metadata: access.metadata });
    return result?.$case ?? 'nothing';
  } catch (error) {
    const { code, reason } = readServiceError(error);
    return `${code} ${reason}`;
  }
}
