/**
 * How an epoch ended, as the scripts keep it: the sequence number, a colon, and the facts.
 *
 * @module
 */
import type { EpochAccess, EpochEnd, ReceiptFacts } from '../group-log.ts';
import { joinParts, splitParts } from './parts.ts';
import { toBigInt, toBytes, unexpected } from './reply.ts';

const COLON = 0x3a;

/** Writes what is known of an epoch's end before the commit has its place. The hash of the commit stands first. */
export function toFacts(commitHash: Uint8Array, receipt: ReceiptFacts): Buffer {
  const { previousReceiptHash, acceptedAtMs, keyId } = receipt;
  return joinParts([commitHash, previousReceiptHash, String(acceptedAtMs), keyId]);
}

/** Reads how an epoch ended; an empty record is that of one that has not. */
export function toEpochEnd(reply: unknown, nextAccessKey: unknown): EpochEnd | undefined {
  const record = toBytes(reply);
  if (record.length === 0) return undefined;
  const colon = record.indexOf(COLON);
  const [commitHash, previousReceiptHash, acceptedAt, keyId] = splitParts(record.subarray(colon + 1));
  if (commitHash === undefined || previousReceiptHash === undefined || keyId === undefined)
    throw unexpected();
  return {
    sequence: toBigInt(Buffer.from(record.subarray(0, colon))),
    commitHash: new Uint8Array(commitHash),
    nextAccessKey: toBytes(nextAccessKey),
    acceptedAtMs: Number(toBigInt(acceptedAt)),
    previousReceiptHash: new Uint8Array(previousReceiptHash),
    keyId: keyId.toString('utf8'),
  };
}

/** Reads an epoch: number, access key, how it ended, the access key of the next one. */
export function toEpochAccess([epoch, accessKey, ended, next]: readonly unknown[]): EpochAccess {
  return { epoch: toBigInt(epoch), accessKey: toBytes(accessKey), ended: toEpochEnd(ended, next) };
}
