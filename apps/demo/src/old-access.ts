/**
 * What somebody who was removed still holds, used against the delivery service: the access key of the last epoch
 * that it was a member of, and a valid access token.
 *
 * @module
 */

import { Metadata } from '@grpc/grpc-js';
import type { Client, Conversation } from '@canopy/client';
import { callUnary, connect, delivery, readServiceError } from '@canopy/contract';
import { deriveAccessKeyPair, epochAccessExport, hashBody, signEpochAccessProof } from '@canopy/identity';
import type { Fields } from './protocol.ts';

/** The keys of an epoch, kept on purpose beyond its end. */
export interface OldAccess {
  readonly service: delivery.DeliveryServiceClient;
  readonly token: string;
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
    token: await client.accessToken('delivery'),
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

/** Reads and writes with the old keys and tells what came of it: the newest entry that opened, and both answers. */
export async function tryOldAccess(access: OldAccess): Promise<Fields> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${access.token}`);
  const entries = await readAll(access, metadata);
  const newest = entries.at(-1);
  return {
    newestEpoch: String(newest?.epoch ?? -1n),
    newestKind: newest?.kind ?? 'none',
    newestSequence: String(newest?.sequence ?? 0n),
    write: await write(access, metadata),
  };
}

async function readAll(access: OldAccess, metadata: Metadata): Promise<readonly delivery.LogEntry[]> {
  const entries: delivery.LogEntry[] = [];
  for (;;) {
    const afterSequence = entries.at(-1)?.sequence ?? 0n;
    const query = delivery.GroupQuery.encode({ groupId: access.groupId, afterSequence, limit: 0 }).finish();
    const request = { query, proof: prove(access, 'ReadGroup', query) };
    const page = await callUnary(access.service, 'readGroup', request, { metadata });
    entries.push(...page.entries);
    if (page.end || page.entries.length === 0) return entries;
  }
}

async function write(access: OldAccess, metadata: Metadata): Promise<string> {
  const { groupId, epoch } = access;
  const requestId = crypto.getRandomValues(new Uint8Array(16));
  const body = { groupId, epoch, requestId, mlsMessage: Uint8Array.of(0, 1, 0, 2) };
  const message = delivery.GroupMessage.encode(body).finish();
  try {
    const request = { message, proof: prove(access, 'SendMessage', message) };
    const { result } = await callUnary(access.service, 'sendMessage', request, { metadata });
    return result?.$case ?? 'nothing';
  } catch (error) {
    const { code, reason } = readServiceError(error);
    return `${code} ${reason}`;
  } finally {
    access.service.close();
  }
}
